import { FailureError } from '@headwater/core'
import type { Stores } from '@headwater/core'

/** Ids of published courses in ascending order. $1 the last id before them, $2 limit. */
const selectPublishedIds = `
  SELECT id FROM @schema.courses WHERE is_published AND id > $1 ORDER BY id LIMIT $2`

/** The published ones of these courses. $1 ids. */
const selectPublished =
  'SELECT id FROM @schema.courses WHERE is_published AND id = ANY($1::integer[])'

/**
 * The ids of published courses in ascending order, page by page. 1 PostgreSQL round trip per page.
 *
 * @throws FailureError when PostgreSQL does not answer.
 */
export async function* publishedIds(
  stores: Stores,
  { after = 0, pageSize }: { readonly after?: number; readonly pageSize: number },
): AsyncGenerator<number[]> {
  for (let last = after; ;) {
    const ids = await idsOf(stores, selectPublishedIds, [last, pageSize])
    if (ids.length > 0) yield ids
    if (ids.length < pageSize) return
    last = ids.at(-1) ?? last
  }
}

/**
 * The published ones of these courses.
 *
 * @throws FailureError when PostgreSQL does not answer.
 */
export async function publishedOf(
  stores: Stores,
  courseIds: readonly number[],
): Promise<Set<number>> {
  return new Set(courseIds.length === 0 ? [] : await idsOf(stores, selectPublished, [courseIds]))
}

async function idsOf(stores: Stores, text: string, values: readonly unknown[]): Promise<number[]> {
  const read = await stores.postgres.query<{ id: number }>(text, values)
  if (read.isErr()) throw new FailureError(read.error)
  return read.value.rows.map(({ id }) => id)
}
