import { expect, it } from 'vitest'
import { mayFindMore, mergeLegs } from '../../../src/query/fusion/merge-legs.ts'

const scale = { typical: 0.1, floor: 0.4 }
const dense = {
  found: [
    { id: 9, score: 0.5 },
    { id: 8, score: 0.3 },
  ],
  scale,
}
const lexical = [{ id: 1, score: 2, coverage: 0.2, hasAll: true }]
const order = (...asked: Parameters<typeof mergeLegs>): number[] =>
  mergeLegs(...asked).map(({ id }) => id)

it('A weight that is given merges by rank, as before: the first by meaning may come first', () => {
  expect(order({ dense, lexical }, {})).toEqual([1, 9])
  expect(order({ dense, lexical }, { denseWeight: 2 })).toEqual([9, 1])
  expect(order({ dense, lexical }, { denseWeight: 0.05 })).toEqual([1, 9])
})

it('A leg that answers alone keeps its order, and meaning alone keeps to the floor', () => {
  expect(order({ lexical }, {})).toEqual([1])
  expect(order({ dense }, {})).toEqual([9])
})

it('More may be found only where a leg found enough that counts', () => {
  expect(mayFindMore({ dense, lexical }, 2)).toBe(false)
  expect(mayFindMore({ dense, lexical }, 1)).toBe(true)
  expect(mayFindMore({ dense: { found: dense.found.slice(1), scale }, lexical: [] }, 1)).toBe(false)
})
