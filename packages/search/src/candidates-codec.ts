import type { Codec } from '@headwater/core'
import type { Candidates } from './find-candidates.ts'
import type { FusedCourse, LegRank } from './fuse.ts'

type CompactRank = readonly [rank: number, score: number] | 0
type CompactCourse = readonly [id: number, score: number, dense: CompactRank, lexical: CompactRank, rerank?: CompactRank]

/** How candidates are kept: without field names an entry is a third as long. */
export const candidatesCodec: Codec<Candidates> = {
  encode: ({ found, ...rest }) => ({ ...rest, found: found.map(toCompact) }),
  decode(json) {
    const { found, ...rest } = json as Omit<Candidates, 'found'> & { readonly found: readonly CompactCourse[] }
    return { ...rest, found: found.map(fromCompact) }
  },
}

function toCompact({ id, score, legs }: FusedCourse): CompactCourse {
  const places = [id, score, compactRank(legs.dense), compactRank(legs.lexical)] as const
  return legs.rerank === undefined ? places : [...places, compactRank(legs.rerank)]
}

function fromCompact([id, score, dense, lexical, rerank = 0]: CompactCourse): FusedCourse {
  const legs: { -readonly [Name in keyof FusedCourse['legs']]: FusedCourse['legs'][Name] } = {}
  if (dense !== 0) legs.dense = { rank: dense[0], score: dense[1] }
  if (lexical !== 0) legs.lexical = { rank: lexical[0], score: lexical[1] }
  if (rerank !== 0) legs.rerank = { rank: rerank[0], score: rerank[1] }
  return { id, score, legs }
}

function compactRank(place: LegRank | undefined): CompactRank {
  return place === undefined ? 0 : [place.rank, place.score]
}
