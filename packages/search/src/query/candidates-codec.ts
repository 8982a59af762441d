import type { Codec } from '@headwater/core'
import type { Candidates } from './find-candidates.ts'
import type { FusedCourse, LegRank, Ranking } from './fusion/fuse.ts'

type Compact = Omit<Candidates, 'found'> & { readonly found: string }

/**
 * Writes candidates for the cache: a line of numbers per course, all lines in one text. Releases
 * share a cache: each reads the entries of earlier ones, and ignores fields that it does not know.
 */
export const candidatesCodec: Codec<Candidates> = {
  encode: ({ found, ...rest }): Compact => ({
    ...rest,
    found: found.slice(0, found.length).map(toLine).join('\n'),
  }),
  decode(json) {
    const { found, ...rest } = json as Compact
    if (typeof found !== 'string') throw new TypeError('a ranking is stored as text')
    if (!['string', 'undefined'].includes(typeof rest.didYouMean))
      throw new TypeError('the query that was meant is stored as text')
    return { ...rest, found: new StoredRanking(found) }
  },
}

/** Parses a course only when it is read: most of a stored ranking never is. */
class StoredRanking implements Ranking {
  readonly #lines: readonly string[]

  constructor(text: string) {
    this.#lines = text === '' ? [] : text.split('\n')
  }

  get length(): number {
    return this.#lines.length
  }

  slice(from: number, to: number): FusedCourse[] {
    return this.#lines.slice(from, to).map(fromLine)
  }
}

/** The id and the score, then rank and score in each leg; rank 0 where a leg has no rank. */
function toLine({ id, score, legs: { dense, lexical, rerank } }: FusedCourse): string {
  const numbers = [id, score, ...numbersOf(dense), ...numbersOf(lexical)]
  return (rerank === undefined ? numbers : [...numbers, ...numbersOf(rerank)]).join()
}

function numbersOf({ rank, score }: LegRank = { rank: 0, score: 0 }): number[] {
  return [rank, score]
}

function fromLine(line: string): FusedCourse {
  const numbers = JSON.parse(`[${line}]`) as number[]
  const [
    id = 0,
    score = 0,
    denseRank = 0,
    denseScore = 0,
    lexicalRank = 0,
    lexicalScore = 0,
    rerankRank = 0,
    rerankScore = 0,
  ] = numbers
  const legs: { -readonly [Name in keyof FusedCourse['legs']]: FusedCourse['legs'][Name] } = {}
  if (denseRank > 0) legs.dense = { rank: denseRank, score: denseScore }
  if (lexicalRank > 0) legs.lexical = { rank: lexicalRank, score: lexicalScore }
  if (rerankRank > 0) legs.rerank = { rank: rerankRank, score: rerankScore }
  return { id, score, legs }
}
