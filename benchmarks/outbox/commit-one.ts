import { ok, orThrow, type Stores, transaction } from '@headwater/core'
import { monotonicMs } from '../measure/monotonic-clock.ts'

/**
 * Commits one event and returns the monotonic time, in milliseconds, at which its commit returned.
 */
export async function commitOne(stores: Stores, aggregateId: number): Promise<number> {
  orThrow(
    await transaction(stores, async (tx) => {
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
