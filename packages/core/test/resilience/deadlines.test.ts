import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { eventually } from '@headwater/testing'
import { systemClock } from '@headwater/core'
import { Deadlines } from '../../src/resilience/deadlines.ts'

describe('deadlines on one timer', () => {
  test('A stall of the event loop counts for a quarter of a deadline at most', async () => {
    let nowMs = 0
    const deadlines = new Deadlines(40, { now: () => nowMs, monotonic: () => nowMs })
    let hasPassed = false
    deadlines.start(() => {
      hasPassed = true
    })
    for (const stalls of [1, 2, 3]) {
      nowMs += 5_000
      await sleep(100)
      expect([stalls, hasPassed]).toEqual([stalls, false])
    }
    await eventually(() => {
      nowMs += 10
      return hasPassed
    })
  })

  test('A deadline that starts between two turns of the timer passes at its time, not at the next one', async () => {
    vi.useFakeTimers()
    try {
      const clock = { now: () => Date.now(), monotonic: () => performance.now() }
      const deadlines = new Deadlines(400, clock)
      const startedMs = clock.monotonic()
      const passedMs: number[] = []
      const expire = () => passedMs.push(clock.monotonic() - startedMs)
      deadlines.start(expire)
      await vi.advanceTimersByTimeAsync(60)
      deadlines.start(expire)
      await vi.advanceTimersByTimeAsync(2_000)
      expect(passedMs).toHaveLength(2)
      expect(passedMs[0]).toBeLessThanOrEqual(410)
      expect(passedMs[1]).toBeGreaterThanOrEqual(460)
      expect(passedMs[1]).toBeLessThanOrEqual(470)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('Deadlines on one timer expire in order, each at its time, unless they were ended', async () => {
    const deadlines = new Deadlines(30, systemClock)
    const passed: string[] = []
    const startedMs = performance.now()
    deadlines.start(() => passed.push(`a ${performance.now() - startedMs >= 29}`))
    const ended = deadlines.start(() => passed.push('ended'))
    setTimeout(
      () => deadlines.start(() => passed.push(`b ${performance.now() - startedMs >= 44}`)),
      15,
    )
    expect(deadlines.end(ended)).toBe(true)
    await eventually(() => {
      expect(passed).toEqual(['a true', 'b true'])
    })
    expect(deadlines.end(ended)).toBe(false)
  })

  test('Deadlines on one timer yield to an answer that arrived while the event loop stalled', async () => {
    const deadlines = new Deadlines(20, systemClock)
    let outcome = ''
    const running = deadlines.start(() => {
      outcome ||= 'late'
    })
    const { stdout } = await import('node:child_process').then(({ spawn }) =>
      spawn('echo', ['answer'], { stdio: ['ignore', 'pipe', 'ignore'] }),
    )
    stdout.once('data', () => {
      if (deadlines.end(running)) outcome ||= 'answered'
    })
    const until = performance.now() + 100
    while (performance.now() < until);
    await eventually(() => outcome !== '')
    expect(outcome).toBe('answered')
  })
})
