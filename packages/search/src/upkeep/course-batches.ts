import { courseText } from '../indexing/course-document.ts'
import { publishedIds } from './course-walk.ts'
import { ComparisonFailed } from './differences.ts'
import type { ComparedParts } from './differences.ts'

/** Courses read at once. */
const pageSize = 1_000

/**
 * The published courses after one, in parts whose texts fill the batches of the embedder: a
 * catalogue of any size costs as many paid calls as the limits allow. 2 PostgreSQL round trips for
 * every 1,000 courses.
 *
 * @throws ComparisonFailed when PostgreSQL does not answer.
 */
export async function* coursesInBatches(
  { stores, courses, generation }: ComparedParts,
  after: number,
): AsyncGenerator<readonly number[]> {
  const { embedder, template } = generation
  const held: { readonly id: number; readonly text: string }[] = []
  for await (const ids of publishedIds(stores, { after, pageSize })) {
    const rows = await courses.getMany(ids, { tx: stores.postgres.client })
    if (rows.isErr()) throw new ComparisonFailed(rows.error)
    for (const id of ids) {
      const course = rows.value.get(id)
      if (course !== undefined) held.push({ id, text: courseText(course, template) })
    }
    const sizes = embedder.batchSizes?.(held.map(({ text }) => text)) ?? []
    // The last batch may not be full yet.
    const whole = embedder.batchSizes === undefined ? [held.length] : sizes.slice(0, -1)
    for (const size of whole) yield held.splice(0, size).map(({ id }) => id)
  }
  if (held.length > 0) yield held.map(({ id }) => id)
}
