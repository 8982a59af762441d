import { describe, expect, test } from 'vitest'
import { collectMetrics, Diagnostics, DurationHistogram, durationBoundsMs } from '@headwater/core'
import { eventually } from '@headwater/testing'

function setUp() {
  const diagnostics = new Diagnostics()
  let nowMs = 1_000
  const metrics = collectMetrics(diagnostics, { now: () => nowMs, monotonic: () => nowMs })
  return {
    diagnostics,
    metrics,
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

describe('metrics', () => {
  test('Metrics report hit rate, query time, search latency, log throughput and relay lag', () => {
    const { diagnostics, metrics, pass } = setUp()
    diagnostics.emit('cache:hit', { cache: 'course', count: 3 })
    diagnostics.emit('cache:miss', { cache: 'course', count: 1 })
    diagnostics.emit('store:operation', {
      store: 'postgres',
      operation: 'select',
      durationMs: 2,
      outcome: 'ok',
    })
    diagnostics.emit('store:operation', {
      store: 'postgres',
      operation: 'select',
      durationMs: 4,
      outcome: 'deadline-exceeded',
    })
    diagnostics.emit('search:answered', {
      mode: 'vector',
      cached: true,
      results: 1,
      durationMs: 10,
    })
    diagnostics.emit('activity:flush', { count: 50, durationMs: 1, outcome: 'ok' })
    diagnostics.emit('activity:flush', { count: 50, durationMs: 1, outcome: 'store-unavailable' })
    diagnostics.emit('outbox:delivered', { sink: 'log', count: 5, durationMs: 1, lagMs: 40 })
    diagnostics.emit('outbox:failed', { sink: 'log', count: 2, retryable: true, error: 1 })
    diagnostics.emit('transaction:end', { outcome: 'rolled-back', durationMs: 6, retries: 0 })
    pass(10_000)
    expect(metrics.snapshot()).toMatchObject({
      periodMs: 10_000,
      cache: { hits: 3, misses: 1, hitRate: 0.75 },
      stores: {
        postgres: {
          count: 2,
          failures: 1,
          meanMs: 3,
          maxMs: 4,
          buckets: [0, 2, 0, 0, 0, 0, 0, 0, 0, 0],
        },
      },
      search: { count: 1, cached: 1, meanMs: 10 },
      activity: { logged: 50, perSecond: 5 },
      relay: { log: { delivered: 5, failed: 2, dead: 0, lagMs: 40 } },
      transactions: { committed: 0, rolledBack: 1, count: 1, failures: 1, meanMs: 6, maxMs: 6 },
    })
  })

  test('A duration counts in the bucket whose bound it does not exceed, and the longest in the last', () => {
    const histogram = new DurationHistogram()
    expect(durationBoundsMs).toEqual([1, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000])
    for (const ms of [0, 1, 1.1, 100, 10_001]) histogram.add(ms)
    expect(histogram.buckets).toEqual([2, 1, 0, 0, 1, 0, 0, 0, 0, 1])
    expect([histogram.count, histogram.max]).toEqual([5, 10_001])
  })

  test('Metrics are zero, not NaN, before the first event', () => {
    expect(setUp().metrics.snapshot()).toMatchObject({
      periodMs: 0,
      cache: { hitRate: 0 },
      search: { meanMs: 0 },
      activity: { perSecond: 0 },
      stores: {},
    })
  })

  test('Metrics tell how late the event loop was', async () => {
    const metrics = collectMetrics(new Diagnostics())
    await eventually(() => {
      const until = performance.now() + 300
      while (performance.now() < until);
      const { meanLagMs, maxLagMs } = metrics.snapshot().eventLoop
      expect(meanLagMs).toBeGreaterThan(0)
      expect(maxLagMs).toBeGreaterThanOrEqual(190)
    })
    metrics.stop()
  })

  test('Metrics that are stopped count no further events and leave no listener behind', () => {
    const { diagnostics, metrics } = setUp()
    metrics.stop()
    diagnostics.emit('cache:hit', { cache: 'course', count: 3 })
    expect([metrics.snapshot().cache.hits, diagnostics.isHeard('cache:hit')]).toEqual([0, false])
  })
})
