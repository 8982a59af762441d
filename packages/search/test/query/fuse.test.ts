import { fuse } from '@headwater/search'
import { describe, expect, it } from 'vitest'

const ranked = (...ids: number[]) => ids.map((id, place) => ({ id, score: 100 - place }))

describe('fusing', () => {
  it('puts what both legs found above what one leg alone put at the same place', () => {
    const fused = fuse({ dense: ranked(1, 2, 3), lexical: ranked(4, 2, 5) })
    expect(fused.map(({ id }) => id)).toEqual([2, 4, 1, 5, 3])
    expect(fused[0]).toEqual({
      id: 2,
      score: Number((2 / 62).toFixed(8)),
      legs: { dense: { rank: 2, score: 99 }, lexical: { rank: 2, score: 99 } },
    })
  })

  it('goes by ranks, so that a leg with larger scores has no greater say', () => {
    const small = ranked(1, 2).map(({ id, score }) => ({ id, score: score / 1_000 }))
    expect(fuse({ dense: small, lexical: ranked(3, 1) }).map(({ id }) => id)).toEqual(
      fuse({ dense: ranked(1, 2), lexical: ranked(3, 1) }).map(({ id }) => id),
    )
  })

  it('keeps the order of the only leg that answered', () => {
    expect(fuse({ lexical: ranked(3, 1, 2) }).map(({ id }) => id)).toEqual([3, 1, 2])
    expect(fuse({})).toEqual([])
  })

  it('puts of two equals the one first that has the words, and otherwise goes by id', () => {
    expect(fuse({ dense: ranked(1), lexical: ranked(2) }).map(({ id }) => id)).toEqual([2, 1])
    expect(fuse({ dense: ranked(3, 1, 2) }).map(({ id }) => id)).toEqual([3, 1, 2])
  })

  it('gives a leg that is trusted less less to say', () => {
    const legs = { dense: ranked(1, 2, 3), lexical: ranked(4, 5, 6, 3) }
    expect(fuse(legs).map(({ id }) => id)).toEqual([3, 4, 1, 5, 2, 6])
    expect(fuse(legs, { dense: 0.5 }).map(({ id }) => id)).toEqual([3, 4, 5, 6, 1, 2])
    expect(fuse(legs, { dense: 0 })[3]).toMatchObject({ id: 3, score: Number((1 / 64).toFixed(8)) })
  })

  it('tells the thousandth place from the next', () => {
    const fused = fuse({
      dense: ranked(...Array.from({ length: 1_000 }, (_, place) => 1_000 - place)),
    })
    expect(fused.map(({ id }) => id)).toEqual(fused.map((_, place) => 1_000 - place))
  })
})
