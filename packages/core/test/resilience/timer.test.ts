import { setImmediate } from 'node:timers/promises'
import { eventually } from '@headwater/testing'
import { expect, test } from 'vitest'
import { startTimer } from '../../src/resilience/timer.ts'

function stall(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

test('A timer fires once, not before its time', async () => {
  const startedMs = performance.now()
  const fired: number[] = []
  startTimer(25, () => fired.push(performance.now() - startedMs))
  await eventually(() => fired.length > 0)
  await setImmediate()
  expect(fired).toHaveLength(1)
  expect(fired[0]).toBeGreaterThanOrEqual(24)
})

test('A stall of the event loop counts for half of a timer at most', async () => {
  let hasFired = false
  startTimer(2_000, () => {
    hasFired = true
  })
  stall(2_100)
  // Each turn runs the timers that are due, and what they leave for after the sockets.
  for (let turn = 0; turn < 5; turn += 1) await setImmediate()
  expect(hasFired).toBe(false)
  await eventually(() => hasFired)
})

test('A timer that is cancelled does not fire, in whichever half it stands', async () => {
  const fired: string[] = []
  const cancels = ['first', 'second'].map((name) => startTimer(20, () => fired.push(name)))
  cancels[0]?.()
  stall(15)
  await setImmediate()
  await setImmediate()
  cancels[1]?.()
  const { promise, resolve } = Promise.withResolvers<undefined>()
  startTimer(100, () => {
    resolve(undefined)
  })
  await promise
  expect(fired).toEqual([])
})
