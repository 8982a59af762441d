import { expect, test } from 'vitest'
import { breachesOf, sloDefaults, sloOf, verdictOf } from '../slo/slo.ts'

const goal = { p50Ms: 10, p99Ms: 100, errorPercent: 0.5 }
const figures = {
  requests: 1_000,
  p50Ms: 10,
  p99Ms: 100,
  maxMs: 900,
  errors: {},
  errorPercent: 0.5,
}

test('A goal is met by exactly its figures', () => {
  expect(verdictOf('browse', figures, goal)).toBe('met')
  expect(breachesOf('browse', figures, goal)).toEqual([])
})

test.each([
  [{ p50Ms: 10.1 }, 'browse: p50 of 10.1 ms, goal 10 ms'],
  [{ p99Ms: 312 }, 'browse: p99 of 312 ms, goal 100 ms'],
  [{ errorPercent: 0.6 }, 'browse: 0.600% failed, budget 0.5%'],
])('A figure beyond its goal breaks it and is named: %o', (worse, sentence) => {
  expect(verdictOf('browse', { ...figures, ...worse }, goal)).toBe('broken')
  expect(breachesOf('browse', { ...figures, ...worse }, goal)).toEqual([sentence])
})

test('A flow whose requests all failed has no times, and is broken by its budget', () => {
  const failed = { ...figures, p50Ms: null, p99Ms: null, maxMs: null, errorPercent: 100 }
  expect(verdictOf('browse', failed, goal)).toBe('broken')
})

test('A flow without requests is not measured', () => {
  const none = { ...figures, requests: 0, p50Ms: null, p99Ms: null, maxMs: null, errorPercent: 0 }
  expect(verdictOf('browse', none, goal)).toBe('unmeasured')
})

test('A file changes some of the goals, and what it misspells is refused', () => {
  const slo = sloOf('{ "flows": { "search": { "p99Ms": 70 } }, "recoverSeconds": 3 }')
  expect(slo.recoverSeconds).toBe(3)
  expect(slo.flows.search).toEqual({ ...sloDefaults.flows.search, p99Ms: 70 })
  expect(slo.flows.browse).toEqual(sloDefaults.flows.browse)
  expect(sloOf('{}')).toEqual(sloDefaults)
  expect(() => sloOf('{ "flows": { "serch": { "p99Ms": 70 } } }')).toThrow('serch')
  expect(() => sloOf('{ "flows": { "search": { "p99": 70 } } }')).toThrow('p99')
  expect(() => sloOf('{ "flows": { "search": { "p99Ms": -1 } } }')).toThrow()
})
