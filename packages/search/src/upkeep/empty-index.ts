import { err, ok, ResultAsync } from '@headwater/core'
import type { Result } from '@headwater/core'
import type { VectorIndex, VectorIndexError } from '../vectors/vector-index.ts'

/** The size of a page of ids. */
const pageSize = 100

/** Removes every record of an index, page by page, and returns how many there were. */
export function emptyIndex(index: VectorIndex): ResultAsync<number, VectorIndexError> {
  return new ResultAsync(removeAll(index))
}

async function removeAll(index: VectorIndex): Promise<Result<number, VectorIndexError>> {
  let removed = 0
  for (let cursor: string | undefined; ;) {
    const page = await index.list({ limit: pageSize, ...(cursor === undefined ? {} : { cursor }) })
    if (page.isErr()) return err(page.error)
    const { ids } = page.value
    const deleted = ids.length === 0 ? ok(undefined) : await index.delete(ids)
    if (deleted.isErr()) return err(deleted.error)
    removed += ids.length
    if (page.value.nextCursor === null) return ok(removed)
    cursor = page.value.nextCursor
  }
}
