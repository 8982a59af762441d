import { fuse } from '@headwater/search'
import { describe, expect, it } from 'vitest'

const ranked = (...ids: number[]) => ids.map((id, place) => ({ id, score: 100 - place }))

describe('fusing', () => {
  it('Fusion ranks a course of both legs above one that a single leg ranked the same', () => {
    const fused = fuse({ dense: ranked(1, 2, 3), lexical: ranked(4, 2, 5) })
    expect(fused.map(({ id }) => id)).toEqual([2, 4, 1, 5, 3])
    expect(fused[0]).toEqual({
      id: 2,
      score: Number((2 / 62).toFixed(8)),
      legs: { dense: { rank: 2, score: 99 }, lexical: { rank: 2, score: 99 } },
    })
  })

  it('Fusion goes by ranks: a leg with larger scores has no more weight', () => {
    const small = ranked(1, 2).map(({ id, score }) => ({ id, score: score / 1_000 }))
    expect(fuse({ dense: small, lexical: ranked(3, 1) }).map(({ id }) => id)).toEqual(
      fuse({ dense: ranked(1, 2), lexical: ranked(3, 1) }).map(({ id }) => id),
    )
  })

  it('Fusion keeps the order of the only leg that answered', () => {
    expect(fuse({ lexical: ranked(3, 1, 2) }).map(({ id }) => id)).toEqual([3, 1, 2])
    expect(fuse({})).toEqual([])
  })

  it('Fusion breaks ties by the rank in words, then by id', () => {
    expect(fuse({ dense: ranked(1), lexical: ranked(2) }).map(({ id }) => id)).toEqual([2, 1])
    expect(fuse({ dense: ranked(3, 1, 2) }).map(({ id }) => id)).toEqual([3, 1, 2])
  })

  it('A leg with a lower weight counts for less in fusion', () => {
    const legs = { dense: ranked(1, 2, 3), lexical: ranked(4, 5, 6, 3) }
    expect(fuse(legs).map(({ id }) => id)).toEqual([3, 4, 1, 5, 2, 6])
    expect(fuse(legs, { dense: 0.5 }).map(({ id }) => id)).toEqual([3, 4, 5, 6, 1, 2])
    expect(fuse(legs, { dense: 0 })[3]).toMatchObject({ id: 3, score: Number((1 / 64).toFixed(8)) })
  })

  it('Fusion distinguishes the thousandth rank from the next', () => {
    const fused = fuse({
      dense: ranked(...Array.from({ length: 1_000 }, (_, place) => 1_000 - place)),
    })
    expect(fused.map(({ id }) => id)).toEqual(fused.map((_, place) => 1_000 - place))
  })
})
