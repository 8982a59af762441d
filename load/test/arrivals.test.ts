import { expect, test } from 'vitest'
import { chanceOf } from '../../benchmarks/api/load/zipf.ts'
import { arrivals } from '../generator/arrivals.ts'

const perSecond = 200
const forMs = 500_000

/** Shares of the gaps that are longer than some multiples of their mean. */
function longerThan(moments: readonly number[], multiples: readonly number[]): number[] {
  const gaps = moments.map((moment, place) => moment - (moments[place - 1] ?? 0))
  const meanMs = 1_000 / perSecond
  return multiples.map(
    (multiple) => gaps.filter((gap) => gap > multiple * meanMs).length / gaps.length,
  )
}

const drawn = (seed: number) => [...arrivals({ perSecond, forMs, chance: chanceOf(seed) })]

test('Gaps between arrivals are exponential, with the mean that the rate asks for', () => {
  const moments = drawn(1)
  expect(moments.length / (perSecond * (forMs / 1_000))).toBeCloseTo(1, 1)
  expect(moments).toEqual(moments.toSorted((one, other) => one - other))
  expect(moments.at(-1)).toBeLessThan(forMs)
  const [half = 0, one = 0, three = 0] = longerThan(moments, [0.5, 1, 3])
  expect(half).toBeCloseTo(Math.exp(-0.5), 2)
  expect(one).toBeCloseTo(Math.exp(-1), 2)
  expect(three).toBeCloseTo(Math.exp(-3), 2)
})

test('Counts of arrivals in equal times vary as those of a Poisson process do', () => {
  const counts = new Array<number>(forMs / 100).fill(0)
  for (const moment of drawn(2)) counts[Math.floor(moment / 100)]! += 1
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length
  expect(variance / mean).toBeCloseTo(1, 0)
  expect(variance / mean).toBeGreaterThan(0.8)
})

test('Control: even arrivals have no such gaps', () => {
  const even = Array.from({ length: 1_000 }, (_, place) => ((place + 1) * 1_000) / perSecond)
  expect(longerThan(even, [1.01])).toEqual([0])
})

test('Arrivals repeat themselves with the same seed', () => {
  expect(drawn(7)).toEqual(drawn(7))
  expect(drawn(7)).not.toEqual(drawn(8))
})
