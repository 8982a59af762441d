import { describe, expect, it } from 'vitest'
import { candidatesCodec } from '../../src/query/candidates-codec.ts'
import type { Candidates } from '../../src/query/find-candidates.ts'
import type { FusedCourse } from '../../src/query/fusion/fuse.ts'
import { packed, PackedRanking } from '../../src/query/packed-ranking.ts'

const found: FusedCourse[] = [
  {
    id: 7,
    score: 0.03278689,
    legs: { dense: { rank: 1, score: 0.8123 }, lexical: { rank: 1, score: 4.2 } },
  },
  { id: 2_147_483_647, score: 0.01612903, legs: { lexical: { rank: 2, score: 0 } } },
  {
    id: 3,
    score: 0.00000001,
    legs: { dense: { rank: 2, score: -0.25 }, rerank: { rank: 1, score: -1e-7 } },
  },
]
const candidates: Candidates = {
  found,
  legs: ['dense', 'lexical'],
  degraded: [],
  mayHaveMore: true,
  askedAtMs: 1_750_000_000_000,
}
const kept = ({ found: ranking, ...rest }: Candidates): Candidates => {
  const encoded = candidatesCodec.encode({ ...rest, found: packed(ranking) })
  return unpacked(JSON.parse(JSON.stringify(encoded)))
}
const unpacked = (json: unknown): Candidates => {
  const { found: numbers, ...rest } = candidatesCodec.decode(json)
  return { ...rest, found: new PackedRanking(numbers) }
}

describe('kept candidates', () => {
  it('Cached candidates are read as they were written, each with its own score and ranks', () => {
    const { found: ranking, ...rest } = kept(candidates)
    expect({ ...rest, found: ranking.slice(0, ranking.length) }).toEqual(candidates)
  })

  it('Cached candidates are read from any index to any other', () => {
    const ranking = kept(candidates).found
    expect(ranking).toHaveLength(3)
    expect([ranking.slice(1, 2), ranking.slice(2, 9), ranking.slice(3, 4)]).toEqual([
      [found[1]],
      [found[2]],
      [],
    ])
  })

  it('Of a line of a later release, with further numbers, those that are known are read', () => {
    const lines = Array.from({ length: 4 }, (_, at) => `${at + 1},0.5,1,0.9,0,0,0,0,7,7`)
    const ranking = unpacked({ ...candidates, found: lines.join('\n') }).found
    expect(ranking.slice(0, ranking.length).map(({ id }) => id)).toEqual([1, 2, 3, 4])
  })

  it('An empty ranking is cached as an empty one', () => {
    const ranking = kept({ ...candidates, found: [] }).found
    expect([ranking.length, ranking.slice(0, 10)]).toEqual([0, []])
  })

  it('Cached candidates have the query that was meant, and of an earlier release they have none', () => {
    expect(kept({ ...candidates, didYouMean: 'machine learning' }).didYouMean).toBe(
      'machine learning',
    )
    const ofEarlierRelease = {
      legs: ['lexical'],
      degraded: [],
      mayHaveMore: false,
      askedAtMs: 1,
      found: '7,0.5,0,0,1,4.2',
    }
    const { found: ranking, ...rest } = unpacked(ofEarlierRelease)
    expect(rest).not.toHaveProperty('didYouMean')
    expect(ranking.slice(0, 1)).toMatchObject([{ id: 7, score: 0.5 }])
  })

  it('A ranking is stored in the lines that earlier releases read', () => {
    const { found: lines } = candidatesCodec.encode({ ...candidates, found: packed(found) }) as {
      found: string
    }
    expect(lines.split('\n')).toEqual([
      '7,0.03278689,1,0.8123,1,4.2',
      '2147483647,0.01612903,0,0,2,0',
      '3,1e-8,2,-0.25,0,0,1,-1e-7',
    ])
  })

  it('Cached candidates of another form are refused', () => {
    expect(() =>
      candidatesCodec.decode({ ...candidates, found: [7, 0.03, 1, 0.8, 1, 4.2, 0, 0] }),
    ).toThrow(TypeError)
    expect(() => candidatesCodec.decode({ ...candidates, found: '', didYouMean: 7 })).toThrow(
      TypeError,
    )
    for (const text of ['7,0.03,1,0.8', '7,0.03,1,0.8,1,4.2,0', '7,0.03,1,"0.8",1,4.2'])
      expect(() => candidatesCodec.decode({ ...candidates, found: text })).toThrow(TypeError)
  })
})
