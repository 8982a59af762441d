import { ok, orThrow, type Stores, transaction } from '@headwater/core'
import { monotonicMs } from '../measure/monotonic-clock.ts'

/**
 * Commits an event of each aggregate in one transaction, and returns the monotonic time, in
 * milliseconds, at which the commit returned.
 */
export async function commitEvents(
  stores: Stores,
  aggregateIds: readonly number[],
): Promise<number> {
  orThrow(
    await transaction(stores, async (tx) => {
      for (const aggregateId of aggregateIds)
        tx.publish({
          aggregateType: 'course',
          aggregateId,
          type: 'course.updated',
          version: 1,
          payload: {},
        })
      return ok(undefined)
    }),
  )
  return monotonicMs()
}
