import type { Stores } from '@headwater/core'
import { expect, test } from 'vitest'
import { Readings } from '../../src/metrics/readings.ts'
import { exposition } from '../../src/prometheus/exposition.ts'
import { PrometheusMeter } from '../../src/prometheus/prometheus-meter.ts'

const broken = (): never => {
  throw new TypeError('not ready')
}

test('A source that throws is missing and counted, and the rest is there', async () => {
  const pool = { totalCount: 3, idleCount: 1, waitingCount: 0, options: { max: 10 } }
  const stores = {
    isCacheTrusted: true,
    postgres: { pool, query: broken },
    redis: { keyPrefix: 'shop:' },
  } as unknown as Stores
  const meter = new PrometheusMeter()
  const readings = new Readings(
    stores,
    { deadlineMs: 60_000, activity: { backlog: broken } },
    meter,
  )
  const names = (await readings.read()).map(({ metric }) => metric.name)
  expect(new Set(names)).toEqual(
    new Set([
      'headwater.build.info',
      'headwater.cache.trusted',
      'headwater.pool.connections',
      'headwater.pool.max_connections',
      'headwater.pool.pending_requests',
    ]),
  )
  const failed = 'headwater_telemetry_failed_readings_total{headwater_telemetry_part='
  const lines = exposition(meter.families).split('\n')
  expect(lines.filter((line) => line.startsWith(failed))).toEqual([
    `${failed}"postgres"} 1`,
    `${failed}"activity"} 1`,
  ])
})
