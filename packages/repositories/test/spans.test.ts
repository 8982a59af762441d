import { expect, test } from 'vitest'
import { checkActivityOptions } from '../src/activity/activity-options.ts'
import { checkWaitlistOptions } from '../src/waitlist/waitlist-options.ts'

const monthMs = 30 * 86_400_000

const tooLong: readonly [string, () => unknown][] = [
  ['the looks for ended offers', () => checkWaitlistOptions({ lookEveryMs: monthMs })],
  ['the flushes of activity', () => checkActivityOptions({ flushIntervalMs: monthMs })],
  ['the retries of activity', () => checkActivityOptions({ retryMs: monthMs })],
]

test.each(tooLong)(
  'A span of 30 days is refused between %s: a timer would fire at once',
  (_, check) => {
    expect(check).toThrow('expected at most 2147483647 ms: got 2592000000')
  },
)

test('An offer may last for 30 days, since no timer waits for its end', () => {
  expect(checkWaitlistOptions({ offerMs: monthMs }).offerMs).toBe(monthMs)
})
