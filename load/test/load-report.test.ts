import { expect, test } from 'vitest'
import { flowNames } from '../flows/flow.ts'
import { summaryOf } from '../output/summary.ts'
import { tableOf } from '../output/table.ts'
import { syntheticReport } from './synthetic-load.ts'

test('A load within its goals meets them, and has the latencies that were noted', () => {
  const report = syntheticReport({ latencyMs: 8 })
  expect(report).toMatchObject({ slo: 'met', broken: [], requests: 8_000 })
  for (const flow of flowNames) {
    expect(report.flows[flow]).toMatchObject({ requests: 1_000, errors: {}, slo: 'met' })
    expect(report.flows[flow].p50Ms! / 8).toBeCloseTo(1, 1)
    expect(report.flows[flow].p99Ms! / 8).toBeCloseTo(1, 1)
  }
  expect(report.slots).toHaveLength(40)
  expect(report.slots[39]).toMatchObject({ atSeconds: 9.75, perSecond: 800, errorsPerSecond: 0 })
})

test('A load beyond a goal breaks it, and says which', () => {
  const report = syntheticReport({ latencyMs: 20 })
  expect(report.slo).toBe('broken')
  expect(report.broken.length).toBeGreaterThan(0)
  expect(report.broken[0]).toMatch(/^browse: p50 of 20\.\d ms, goal 10 ms$/)
  expect(report.flows.register.slo).toBe('met')
})

test('A fault that is recovered from is reported and does not break the goals', () => {
  const report = syntheticReport({ hasFault: true })
  expect(report).toMatchObject({ slo: 'met', broken: [] })
  expect(report.flows.browse.errors).toEqual({})
  expect(report.faults).toHaveLength(1)
  expect(report.faults[0]!.during.flows.browse.errors).toEqual({ '503': 201 })
  expect(report.slots[20]).toMatchObject({ perSecond: 0, errorsPerSecond: 800 })
})

test('A generator that was too late reports that it was, and no latency', () => {
  const report = syntheticReport({ lagMs: 40 })
  expect(report.slo).toBe('unmeasured')
  expect(report.broken).toEqual([expect.stringMatching(/late by (39|40) ms, bound 25 ms/)])
  for (const flow of flowNames)
    expect(report.flows[flow]).toMatchObject({ p50Ms: null, p99Ms: null, maxMs: null })
  expect(tableOf({ report })).toContain('SLO unmeasured')
})

test('The summary is one line of JSON with figures of two decimals and without the course', () => {
  const report = syntheticReport({ hasFault: true })
  const steps = [syntheticReport({ rate: 100 }), syntheticReport({ rate: 200, latencyMs: 300 })]
  const line = JSON.stringify(summaryOf({ report, knee: { rate: 100, steps } }))
  expect(line).not.toContain('\n')
  expect(line).not.toMatch(/\d\.\d{3}/)
  const summary = JSON.parse(line) as Record<string, unknown>
  expect(Object.keys(summary).toSorted()).toEqual([
    'broken',
    'faults',
    'flows',
    'generatorLagMs',
    'knee',
    'load',
    'rate',
    'requests',
    'seconds',
    'seed',
    'slo',
  ])
  expect(summary).toMatchObject({
    load: 'express',
    rate: 800,
    slo: 'met',
    flows: { browse: { requests: 799, slo: 'met', goal: { p99Ms: 100 } } },
    faults: [{ fault: 'redis-hung', recoverSeconds: 0, during: { slo: 'broken' } }],
    knee: {
      rate: 100,
      steps: [
        { rate: 100, slo: 'met' },
        { rate: 200, slo: 'broken' },
      ],
    },
  })
})

test('The table names every flow, fault, step and verdict', () => {
  const report = syntheticReport({ hasFault: true })
  const steps = [syntheticReport({ rate: 100 }), syntheticReport({ rate: 200, latencyMs: 300 })]
  const table = tableOf({ report, knee: { rate: 100, steps } })
  for (const flow of flowNames) expect(table).toMatch(new RegExp(`^${flow} `, 'm'))
  expect(table).toMatch(/^redis-hung +4\.0 s +2\.0 s +met +broken +met +0\.0 s$/m)
  expect(table).toContain('200/s: broken (browse: p50 of')
  expect(table).toContain('highest rate that held: 100')
  expect(table).toMatch(/^SLO met$/m)
})
