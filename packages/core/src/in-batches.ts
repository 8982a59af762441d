import { err, ok, ResultAsync } from './result.ts'
import type { AsyncResult, Result } from './result.ts'

/** What one request may carry. */
export interface BatchLimits<Item> {
  /** Items at most. */
  readonly maxItems: number
  /**
   * Weights that sum up, each with its limit: bytes, tokens. An item heavier than a limit travels
   * alone.
   */
  readonly weights?: readonly { readonly of: (item: Item) => number; readonly max: number }[]
}

/**
 * Cuts items into consecutive batches that respect every limit. Each weight is taken once per item.
 */
export function batchesOf<Item>(
  items: readonly Item[],
  { maxItems, weights = [] }: BatchLimits<Item>,
): Item[][] {
  const batches: Item[][] = []
  let batch: Item[] = []
  let sums = weights.map(() => 0)
  for (const item of items) {
    const added = weights.map(({ of }) => of(item))
    const isFull =
      batch.length >= maxItems ||
      weights.some(({ max }, place) => (sums[place] ?? 0) + (added[place] ?? 0) > max)
    if (isFull && batch.length > 0) {
      batches.push(batch)
      batch = []
      sums = sums.map(() => 0)
    }
    batch.push(item)
    sums = sums.map((sum, place) => sum + (added[place] ?? 0))
  }
  return batch.length > 0 ? [...batches, batch] : batches
}

/**
 * Does `work` for every item, at most `concurrency` at a time, and returns the results in the order
 * of the items. After the first failure no further work begins; work under way is awaited.
 */
export function eachInParallel<Item, T, E>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item) => AsyncResult<T, E>,
): ResultAsync<T[], E> {
  return new ResultAsync(collect(items, concurrency, work))
}

/** Does `work` for every item, at most `concurrency` at a time. */
export async function forEachInParallel<Item>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item, place: number) => Promise<void>,
): Promise<void> {
  const queue = items.entries()
  const lane = async (): Promise<void> => {
    for (const [place, item] of queue) await work(item, place)
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, lane))
}

async function collect<Item, T, E>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item) => AsyncResult<T, E>,
): Promise<Result<T[], E>> {
  const results: T[] = []
  const failures: E[] = []
  await forEachInParallel(items, concurrency, async (item, place) => {
    if (failures.length > 0) return
    const result = await work(item)
    if (result.isErr()) failures.push(result.error)
    else results[place] = result.value
  })
  const [failure] = failures
  return failure === undefined ? ok(results) : err(failure)
}
