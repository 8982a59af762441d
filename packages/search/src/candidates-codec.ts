import type { Codec } from '@headwater/core'
import type { Candidates } from './find-candidates.ts'
import type { FusedCourse, LegRank } from './fuse.ts'

type Compact = Omit<Candidates, 'found'> & { readonly found: readonly number[] }

const columns = 8

/**
 * How candidates are kept: eight numbers a course in one list, 0 for a rank that it does not have. Read three times as fast as objects with
 * names.
 */
export const candidatesCodec: Codec<Candidates> = {
  encode: ({ found, ...rest }): Compact => ({ ...rest, found: found.flatMap(toNumbers) }),
  decode(json) {
    const { found: numbers, ...rest } = json as Compact
    const found: FusedCourse[] = []
    for (let at = 0; at < numbers.length; at += columns) found.push(courseAt(numbers, at))
    return { ...rest, found }
  },
}

function toNumbers({ id, score, legs: { dense, lexical, rerank } }: FusedCourse): number[] {
  return [id, score, dense?.rank ?? 0, dense?.score ?? 0, lexical?.rank ?? 0, lexical?.score ?? 0, rerank?.rank ?? 0, rerank?.score ?? 0]
}

function courseAt(numbers: readonly number[], at: number): FusedCourse {
  const legs: { dense?: LegRank; lexical?: LegRank; rerank?: LegRank } = {}
  const [denseRank = 0, lexicalRank = 0, rerankRank = 0] = [numbers[at + 2], numbers[at + 4], numbers[at + 6]]
  if (denseRank !== 0) legs.dense = { rank: denseRank, score: numbers[at + 3] ?? 0 }
  if (lexicalRank !== 0) legs.lexical = { rank: lexicalRank, score: numbers[at + 5] ?? 0 }
  if (rerankRank !== 0) legs.rerank = { rank: rerankRank, score: numbers[at + 7] ?? 0 }
  return { id: numbers[at] ?? 0, score: numbers[at + 1] ?? 0, legs }
}
