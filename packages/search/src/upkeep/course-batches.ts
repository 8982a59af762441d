import { FailureError } from '@headwater/core'
import { batchSizesOf } from '../embedders/embed-each.ts'
import { courseText } from '../indexing/course-document.ts'
import { publishedIds } from './course-walk.ts'
import type { ComparedDeps } from './differences.ts'

/** Courses read in one round trip. */
const pageSize = 1_000

/**
 * The published courses after one, in batches whose texts fill the requests of the embedder: a
 * catalogue of any size costs as few paid requests as the limits allow. 2 PostgreSQL round trips
 * for every 1,000 courses.
 *
 * @throws FailureError when PostgreSQL does not answer.
 */
export async function* coursesInBatches(
  { stores, courses, generation }: ComparedDeps,
  after: number,
): AsyncGenerator<readonly number[]> {
  const { embedder, template } = generation
  const collected: { readonly id: number; readonly text: string }[] = []
  for await (const ids of publishedIds(stores, { after, pageSize })) {
    const rows = await courses.getMany(ids, { tx: stores.postgres.client })
    if (rows.isErr()) throw new FailureError(rows.error)
    for (const id of ids) {
      const course = rows.value.get(id)
      if (course !== undefined)
        collected.push({ id, text: courseText(course, template).unwrapOr('') })
    }
    const sizes = batchSizesOf(
      embedder,
      collected.map(({ text }) => text),
    )
    // The last batch may not be full yet.
    const full = sizes === undefined ? [collected.length] : sizes.slice(0, -1)
    for (const size of full) yield collected.splice(0, size).map(({ id }) => id)
  }
  if (collected.length > 0) yield collected.map(({ id }) => id)
}
