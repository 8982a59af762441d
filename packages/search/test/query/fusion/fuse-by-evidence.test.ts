import { describe, expect, it } from 'vitest'
import { fuseByEvidence } from '../../../src/query/fusion/fuse-by-evidence.ts'
import type { MatchedCourse, SimilarityScale } from '../../../src/query/fusion/fuse-by-evidence.ts'
import type { RankedCourse } from '../../../src/query/fusion/fuse.ts'

const scale = { typical: 0.1, floor: 0.4 }
const similar = (id: number, score: number): RankedCourse => ({ id, score })
const withAll = (id: number, score: number): MatchedCourse => ({
  id,
  score,
  coverage: 1,
  hasAll: true,
})
const withSome = (id: number, coverage: number, score = coverage): MatchedCourse => ({
  id,
  score,
  coverage,
  hasAll: false,
})
const order = (
  dense: readonly RankedCourse[],
  lexical: readonly MatchedCourse[],
  on: SimilarityScale = scale,
): number[] => fuseByEvidence({ dense, lexical }, on).map(({ id }) => id)

describe('fusing by evidence', () => {
  it('A course with every word stays above one that is only similar, however similar that is', () => {
    expect(order([similar(9, 0.99), similar(2, 0.2)], [withAll(1, 0.1), withAll(2, 0.05)])).toEqual(
      [1, 2, 9],
    )
  })

  it('Courses with every word keep the order of the words, whatever their similarity', () => {
    expect(
      order([similar(3, 0.9), similar(1, 0.5)], [withAll(1, 3), withAll(2, 2), withAll(3, 1)]),
    ).toEqual([1, 2, 3])
  })

  it('A course with little of the query comes behind the nearest one, which has none of its words', () => {
    expect(order([similar(9, 0.8)], [withSome(1, 0.1), withSome(2, 0.1)])[0]).toBe(9)
    expect(order([similar(9, 0.8)], [withSome(1, 0.9), withSome(2, 0.1)])[0]).toBe(1)
  })

  it('Of courses with as much of the query, the more similar one comes first, even below the floor', () => {
    expect(order([similar(2, 0.3)], [withSome(1, 0.5), withSome(2, 0.5)])).toEqual([2, 1])
  })

  it('Where the catalogue has no word of the query, only a course above the floor is found', () => {
    expect(order([similar(1, 0.41), similar(2, 0.39)], [])).toEqual([1])
    expect(order([similar(1, 0.39)], [])).toEqual([])
  })

  it('Where the catalogue has words of the query, a course without them is found below the floor', () => {
    expect(order([similar(1, 0.39)], [withSome(2, 0.3)])).toEqual([1, 2])
    expect(order([similar(1, 0.17)], [withSome(2, 0.3)])).toEqual([2])
  })

  it('A least similarity that is given holds also where the catalogue has words of the query', () => {
    expect(order([similar(1, 0.39)], [withSome(2, 0.3)], { ...scale, least: 0.4 })).toEqual([2])
  })

  it('What fifty courses have in common with a query adds none of them and moves none', () => {
    const alike = Array.from({ length: 60 }, (_, place) => similar(100 + place, 0.35))
    const lexical = [withSome(1, 0.4), withSome(2, 0.39)]
    expect(order([similar(9, 0.39), ...alike], lexical)[0]).toBe(1)
    expect(order([similar(9, 0.39), ...alike].slice(0, 20), lexical)[0]).toBe(9)
  })

  it('The more of the query some course has, the less similarity counts', () => {
    const dense = [similar(3, 0.5), similar(2, 0.2)]
    expect(order(dense, [withSome(1, 0.4), withSome(2, 0.2), withSome(3, 0.1)])[0]).toBe(3)
    expect(order(dense, [withSome(1, 0.9), withSome(2, 0.6), withSome(3, 0.5)])[0]).toBe(1)
  })

  it('Similar courses keep their order behind courses with every word', () => {
    const dense = [similar(7, 0.9), similar(5, 0.8), similar(6, 0.7)]
    expect(order(dense, [withAll(1, 1)])).toEqual([1, 7, 5, 6])
  })

  it('Where words answer all of the query, only a course above the floor is added', () => {
    expect(order([similar(9, 0.41), similar(8, 0.39)], [withAll(1, 1)])).toEqual([1, 9])
  })

  it('However small the scale is, a similar course stays below one with every word', () => {
    const small = { typical: 0.1, floor: 0.1 + 1e-6 }
    expect(order([similar(9, 0.99)], [withAll(1, 1)], small)).toEqual([1, 9])
  })

  it('The order does not depend on where on the scale a model has its similarities', () => {
    const dense = [similar(4, 0.7), similar(2, 0.5), similar(3, 0.3), similar(1, 0.12)]
    const lexical = [withSome(1, 0.6), withSome(2, 0.4), withSome(3, 0.3)]
    const narrow = (similarity: number): number => 0.7 + similarity / 5
    expect(
      order(
        dense.map(({ id, score }) => similar(id, narrow(score))),
        lexical,
        { typical: narrow(scale.typical), floor: narrow(scale.floor) },
      ),
    ).toEqual(order(dense, lexical))
  })

  it('A query whose nearest course is not near takes less from its meaning', () => {
    const weak = fuseByEvidence({ dense: [similar(1, 0.2)], lexical: [withSome(1, 0.5)] }, scale)
    const strong = fuseByEvidence({ dense: [similar(1, 0.4)], lexical: [withSome(1, 0.5)] }, scale)
    expect(weak[0]?.score).toBeLessThan(strong[0]?.score ?? 0)
  })

  it('A catalogue that was never measured adds no course and changes no order', () => {
    const nothing = { typical: 1, floor: 1 }
    const lexical = [withSome(1, 0.6), withSome(2, 0.5)]
    expect(order([similar(9, 0.99), similar(2, 0.9)], lexical, nothing)).toEqual([1, 2])
  })

  it('Every course shows its ranks in the legs that found it', () => {
    const [first] = fuseByEvidence({ dense: [similar(5, 0.5)], lexical: [withAll(5, 7)] }, scale)
    expect(first).toEqual({
      id: 5,
      score: 3,
      legs: { dense: { rank: 1, score: 0.5 }, lexical: { rank: 1, score: 7 } },
    })
  })

  it('Matches that score nothing by words are not lost', () => {
    expect(order([], [withSome(1, 0.5, 0), withSome(2, 0.5, 0)])).toEqual([1, 2])
  })
})
