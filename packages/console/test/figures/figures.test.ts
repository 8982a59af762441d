import { Diagnostics, type Clock } from '@headwater/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Figures } from '../../src/figures/figures.ts'

let nowMs = 0
const clock: Clock = { now: () => 1_700_000_000_000 + nowMs, monotonic: () => nowMs }
let diagnostics: Diagnostics
let figures: Figures

beforeEach(() => {
  vi.useFakeTimers()
  nowMs = 0
  diagnostics = new Diagnostics()
  figures = new Figures({ diagnostics, clock })
})
afterEach(() => {
  figures.stop()
  vi.useRealTimers()
})

function sample(times = 1): void {
  for (let taken = 0; taken < times; taken += 1) {
    nowMs += 2_000
    vi.advanceTimersByTime(2_000)
  }
}

function operation(durationMs: number): void {
  const outcome = 'ok'
  diagnostics.emit('store:operation', { store: 'redis', operation: 'get', durationMs, outcome })
}

test('A sample holds what happened since the one before, and nothing where nothing happened', () => {
  operation(4)
  operation(8)
  diagnostics.emit('cache:hit', { cache: 'note', count: 3 })
  diagnostics.emit('cache:miss', { cache: 'note', count: 1 })
  sample()
  operation(100)
  sample()
  sample()
  const { at, latencyMs, hitRate, hitRateOf } = figures.history()
  expect(at).toEqual([1_700_000_002, 1_700_000_004, 1_700_000_006])
  expect(latencyMs).toEqual({ redis: [6, 100, null] })
  expect(hitRate).toEqual([0.75, null, null])
  expect(hitRateOf).toEqual({ note: [0.75, null, null] })
})

test('Bypasses, stale answers and lost legs are degraded operations, per second', () => {
  diagnostics.emit('cache:bypass', { cache: 'note', reason: 'held' })
  diagnostics.emit('cache:stale-served', { cache: 'note', ageMs: 5 })
  diagnostics.emit('search:degraded', { leg: 'dense', error: undefined })
  sample()
  expect(figures.history().degraded).toEqual([1.5])
})

test('The lag is what an operator or a relay here has just read, and a gap where nobody looked', () => {
  diagnostics.emit('outbox:behind', { sink: 'mail', behindMs: 7 })
  sample(3)
  figures.noteLag({ mail: 900, log: 1 })
  sample(3)
  expect(figures.history().lagMs).toEqual({
    mail: [7, null, null, 900, null, null],
    log: [null, null, null, 1, null, null],
  })
})

test('Activity that MongoDB did not take and limits that memory decided are degraded as well', () => {
  const durationMs = 1
  diagnostics.emit('activity:flush', { count: 5, durationMs, outcome: 'store-unavailable' })
  diagnostics.emit('activity:flush', { count: 5, durationMs, outcome: 'spilled' })
  diagnostics.emit('rate-limit:fallback', { error: undefined })
  sample()
  diagnostics.emit('activity:flush', { count: 5, durationMs, outcome: 'drained' })
  diagnostics.emit('activity:flush', { count: 5, durationMs, outcome: 'ok' })
  sample()
  expect(figures.history().degraded).toEqual([3, 0])
})

test('A breaker that is not closed is something that is bypassed', () => {
  const use = 'cache'
  diagnostics.emit('breaker:transition', { store: 'redis', state: 'open', use })
  diagnostics.emit('breaker:transition', { store: 'redis', state: 'half-open', use })
  expect(figures.bypassed('redis')).toEqual(['redis cache'])
  expect(figures.bypassed('mongodb')).toEqual([])
  diagnostics.emit('breaker:transition', { store: 'redis', state: 'closed', use })
  expect(figures.bypassed('redis')).toEqual([])
})

test('Keeps five minutes', () => {
  sample(200)
  expect(figures.history().at).toHaveLength(150)
})

test('Counts each cache by tier, and bypasses by their reason', () => {
  diagnostics.emit('cache:hit', { cache: 'note', count: 2 })
  diagnostics.emit('near:hit', { cache: 'note', count: 5 })
  diagnostics.emit('cache:fill-rejected', { cache: 'note', count: 1 })
  diagnostics.emit('cache:bypass', { cache: 'note', reason: 'held' })
  diagnostics.emit('cache:bypass', { cache: 'note', reason: 'held' })
  expect(figures.caches).toEqual([
    {
      cache: 'note',
      hits: 2,
      nearHits: 5,
      misses: 0,
      fills: 0,
      refusedFills: 1,
      staleServed: 0,
      bypasses: { held: 2 },
    },
  ])
})

test('Hears nothing more once it is stopped', () => {
  figures.stop()
  expect(diagnostics.isHeard('cache:hit')).toBe(false)
  expect(diagnostics.isHeard('store:operation')).toBe(false)
})
