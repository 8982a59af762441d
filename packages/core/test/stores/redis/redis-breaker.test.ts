import { describe, expect, test } from 'vitest'
import { RedisBreaker } from '../../../src/stores/redis/redis-breaker.ts'

function breakerFixture() {
  let nowMs = 0
  const states: string[] = []
  const clock = { now: () => nowMs, monotonic: () => nowMs }
  const breaker = new RedisBreaker(clock, (state) => states.push(state), {
    failuresToOpen: 1,
    openMs: 1_000,
    maxOpenMs: 5_000,
  })
  breaker.failed()
  const pass = (ms: number): void => {
    nowMs += ms
  }
  return { breaker, states, pass }
}

describe('RedisBreaker', () => {
  test('A breaker whose probe is abandoned by its caller admits the next command at once', () => {
    const { breaker, states, pass } = breakerFixture()
    pass(1_000)
    expect([breaker.admit(), breaker.admit()]).toEqual([true, false])
    breaker.abandoned()
    expect(breaker.admit()).toBe(true)
    breaker.succeeded()
    expect(states).toEqual(['open', 'half-open', 'closed'])
  })

  test('A breaker whose probe never ends admits another command after the open time', () => {
    const { breaker, pass } = breakerFixture()
    pass(1_000)
    expect(breaker.admit()).toBe(true)
    pass(999)
    expect(breaker.admit()).toBe(false)
    pass(1)
    expect(breaker.admit()).toBe(true)
  })

  test('A failed probe doubles the open time of the breaker, up to its maximum', () => {
    const { breaker, pass } = breakerFixture()
    for (const openMs of [1_000, 2_000, 4_000, 5_000, 5_000]) {
      pass(openMs - 1)
      expect(breaker.wouldAdmit).toBe(false)
      pass(1)
      expect(breaker.admit()).toBe(true)
      breaker.failed()
    }
  })
})
