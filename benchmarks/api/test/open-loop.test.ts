import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Line } from '../load/http-line.ts'
import { closedLoop, openLoop } from '../load/open-loop.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Answers a request after so many milliseconds. */
const lineOf = (answerMs: number, status = 200): Line => ({
  ask: () =>
    new Promise((resolve) => {
      setTimeout(() => {
        resolve(status)
      }, answerMs)
    }),
})
const next = () => ({ operation: 'read', text: '' })

test('starts requests on time however long answers take, while lines are free', async () => {
  const lines = Array.from({ length: 10 }, () => lineOf(50))
  const report = openLoop({ lines, next, forMs: 100, perSecond: 100 })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await report).toMatchObject({ answered: 10, p50Ms: 50, p99Ms: 50, tookMs: 140 })
})

test('counts the wait for a free line from the time that the schedule names', async () => {
  // Ten requests, one each 10 ms, over a line that takes 50 ms: the last ends at 500, due at 90.
  const report = openLoop({ lines: [lineOf(50)], next, forMs: 100, perSecond: 100 })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await report).toMatchObject({ answered: 10, p50Ms: 250, p99Ms: 410, tookMs: 500 })
})

test('a closed loop asks as fast as it is answered', async () => {
  const report = closedLoop({ lines: [lineOf(10), lineOf(20)], next, forMs: 100 })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await report).toMatchObject({ answered: 15, p50Ms: 10, tookMs: 100 })
})

test('counts refusals, and takes no wrong request for a measurement', async () => {
  const lines = [lineOf(1, 503), lineOf(1, 429), lineOf(1, 0), lineOf(1, 201)]
  const refused = openLoop({ lines, next, forMs: 40, perSecond: 100 })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await refused).toMatchObject({ answered: 4, refused: 3 })
  const wrong = openLoop({ lines: [lineOf(1, 404)], next, forMs: 40, perSecond: 100 })
  wrong.catch(() => undefined)
  await vi.advanceTimersByTimeAsync(1_000)
  await expect(wrong).rejects.toThrow('404')
})
