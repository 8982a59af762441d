import { expect, test } from 'vitest'
import { chanceOf, zipf } from '../load/zipf.ts'

test('draws the nth rank 1/n as often as the first', () => {
  const [ranks, draws] = [50, 200_000]
  const rank = zipf(ranks, chanceOf(7))
  const counts = new Array<number>(ranks + 1).fill(0)
  for (let draw = 0; draw < draws; draw += 1) counts[rank()]! += 1
  const first = draws / Array.from({ length: ranks }, (_, at) => 1 / (at + 1)).reduce(sum)
  expect(counts[0]).toBe(0)
  expect(counts.reduce(sum)).toBe(draws)
  for (let n = 1; n <= ranks; n += 1) expect(counts[n]! / (first / n)).toBeCloseTo(1, 0)
  expect(counts[1]! / first).toBeCloseTo(1, 1)
})

test('draws every rank, the first and the last for the least and the greatest chance', () => {
  expect(zipf(1_000, () => 0)()).toBe(1)
  expect(zipf(1_000, () => 1 - 2 ** -32)()).toBe(1_000)
})

test('repeats itself with the same seed', () => {
  const [one, same, other] = [chanceOf(1), chanceOf(1), chanceOf(2)].map((chance) =>
    Array.from({ length: 20 }, zipf(1_000, chance)),
  )
  expect(one).toEqual(same)
  expect(one).not.toEqual(other)
})

function sum(one: number, other: number): number {
  return one + other
}
