import { describe, expect, test } from 'vitest'
import { take } from '../../src/rate-limit/gcra.ts'

const rate = { burst: 3, intervalUs: 1_000 }

describe('the generic cell rate algorithm', () => {
  test('A rate lets its burst through at once, then one request per interval, never more than its burst', () => {
    let arrivalUs = 0
    const at = (nowUs: number) => {
      const verdict = take(rate, arrivalUs, nowUs)
      arrivalUs = verdict.arrivalUs
      return [verdict.isAllowed, verdict.remaining, verdict.resetUs, verdict.retryAfterUs]
    }
    const startUs = 5_000_000
    expect([at(startUs), at(startUs), at(startUs), at(startUs)]).toEqual([
      [true, 2, 1_000, 0],
      [true, 1, 2_000, 0],
      [true, 0, 3_000, 0],
      [false, 0, 3_000, 1_000],
    ])
    expect([at(startUs + 999), at(startUs + 1_000), at(startUs + 1_000)]).toEqual([
      [false, 0, 2_001, 1],
      [true, 0, 3_000, 0],
      [false, 0, 3_000, 1_000],
    ])
    expect(
      [at(startUs + 60_000), at(startUs + 60_000), at(startUs + 60_000), at(startUs + 60_000)].map(
        ([isAllowed]) => isAllowed,
      ),
    ).toEqual([true, true, true, false])
  })
})
