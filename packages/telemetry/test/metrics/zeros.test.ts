import { Diagnostics } from '@headwater/core'
import { expect, test } from 'vitest'
import { observe } from '../../src/metrics/observe.ts'
import { exposition } from '../../src/prometheus/exposition.ts'
import { PrometheusMeter } from '../../src/prometheus/prometheus-meter.ts'

function open() {
  const diagnostics = new Diagnostics()
  const meter = new PrometheusMeter()
  observe(diagnostics, meter)
  const lines = () => exposition(meter.families).split('\n')
  return { diagnostics, lines }
}

const systems = ['postgresql', 'redis', 'mongodb', 'pinecone', 'openai']

test('What alerts take the increase of is at zero before anything has happened', () => {
  const lost = ['buffer-full', 'closed', 'refused', 'unreadable', 'no-mongodb']
  expect(open().lines()).toEqual(
    expect.arrayContaining([
      ...lost.map(
        (reason) => `headwater_activity_dropped_total{headwater_activity_reason="${reason}"} 0`,
      ),
      'headwater_activity_events_total{headwater_activity_outcome="spilled"} 0',
      ...systems
        .map((system) => `db_system_name="${system}"`)
        .flatMap((system) => [
          `headwater_store_errors_total{${system}} 0`,
          `headwater_store_failures_total{${system},error_type="store-unavailable"} 0`,
        ]),
      ...['dense', 'lexical', 'rerank', 'highlights'].map(
        (leg) => `headwater_search_degraded_total{headwater_search_leg="${leg}"} 0`,
      ),
    ]),
  )
})

test('Failures count by their kind, so that callers who give up are no outage', () => {
  const { diagnostics, lines } = open()
  const operation = { store: 'mongodb', operation: 'find', durationMs: 1 } as const
  for (const outcome of ['ok', 'deadline-exceeded', 'deadline-exceeded', 'store-unavailable'])
    diagnostics.emit('store:operation', { ...operation, outcome })
  const failures = 'headwater_store_failures_total{db_system_name="mongodb",error_type='
  expect(lines().filter((line) => line.startsWith(failures))).toEqual([
    `${failures}"store-unavailable"} 1`,
    `${failures}"deadline-exceeded"} 2`,
    `${failures}"store-refused"} 0`,
  ])
})

test('A verification of the index says when it was, of each generation', () => {
  const { diagnostics, lines } = open()
  const counts = { missing: 100, orphaned: 0, stale: 0, wrongGeneration: 0 }
  const valueOf = (series: string): number =>
    Number(
      lines()
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')[1],
    )
  diagnostics.emit('search:verified', { generation: 'g1', ...counts })
  diagnostics.emit('search:verified', { generation: 'g2', ...counts, missing: 0 })
  const verified = 'headwater_search_index_verified_time_seconds{headwater_search_generation='
  expect(valueOf(`${verified}"g1"}`)).toBeGreaterThan(1_700_000_000)
  expect(valueOf(`${verified}"g2"}`)).toBeGreaterThanOrEqual(valueOf(`${verified}"g1"}`))
})
