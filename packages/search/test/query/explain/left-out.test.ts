import { expect, it } from 'vitest'
import { leftOutOf } from '../../../src/query/explain/left-out.ts'
import type { LookNotes } from '../../../src/query/explain/search-trace.ts'
import { mergeLegs } from '../../../src/query/fusion/merge-legs.ts'

const scale = { typical: 0.2, floor: 0.6 }

/** A look at 60 courses with similarities from 0.59 to 0.295; one other has some of the words. */
function lookWith(coverage: number): LookNotes {
  const near = Array.from({ length: 60 }, (_, place) => ({
    id: place + 1,
    score: (590 - 5 * place) / 1000,
  }))
  const legs = {
    dense: { found: near, scale },
    lexical: [{ id: 99, score: 1, coverage, hasAll: coverage === 1 }],
  }
  return { near, scale, legFloor: scale.typical, legs, found: mergeLegs(legs, {}) }
}

function outcomes(look: LookNotes, ids: readonly number[]): string[] {
  const leftOut = leftOutOf([look])
  const ranked = new Set(look.found?.map(({ id }) => id))
  return ids.map((id) => leftOut.get(id) ?? (ranked.has(id) ? 'ranked' : 'forgotten'))
}

it('Where words answer in part, what is no more similar than fifty others is not distinct', () => {
  expect(outcomes(lookWith(0.5), [1, 50, 51, 58, 60])).toEqual([
    'ranked',
    'ranked',
    'not-distinct',
    'not-distinct',
    'below-floor',
  ])
})

it('Where words answer all, what is below the floor is left out, however distinct', () => {
  expect(outcomes(lookWith(1), [1, 50, 60])).toEqual(['below-floor', 'below-floor', 'below-floor'])
})

it('A course that a deeper look ranks is not left out', () => {
  const deeper = lookWith(0.5)
  expect(leftOutOf([lookWith(1), deeper]).has(1)).toBe(false)
})
