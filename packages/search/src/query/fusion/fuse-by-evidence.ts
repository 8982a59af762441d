import type { FusedCourse, RankedCourse } from './fuse.ts'
import { bestFirst, rounded } from './fuse.ts'

/** A course as the leg by words found it. */
export interface MatchedCourse extends RankedCourse {
  /** Its share of the words of the query, by their weight: 0 to 1. */
  readonly coverage: number
  /** Whether it has every word of the query. */
  readonly hasAll: boolean
}

/** The scale of similarities: what unrelated texts have, and what they never exceed. */
export interface SimilarityScale {
  readonly typical: number
  readonly floor: number
}

/** The weight of the most similar course, where the best match of some of the words has 1. */
const meaningWeight = 0.6

/** The scores of courses with every word begin here, above all others. */
const complete = 2

/**
 * Merges the rankings of the legs by what they show, best first:
 *
 * 1. Courses with every word of the query, in the order of the words.
 * 2. Courses with some of the words, by how much of the query they have and how well they match it,
 *    and by how similar they are to it.
 * 3. Among these, courses without any of its words, if they are more similar to it than any course
 *    is to a text that means nothing.
 *
 * So what is merely similar never comes before an exact or a prefix match, a query that words do
 * not answer takes most from its meaning, and nonsense takes nothing.
 */
export function fuseByEvidence(
  legs: { readonly dense: readonly RankedCourse[]; readonly lexical: readonly MatchedCourse[] },
  scale: SimilarityScale,
): FusedCourse[] {
  const meaning = new Meaning(legs.dense, scale)
  const scoreOf = scorer(legs.lexical, meaning)
  const matched = legs.lexical.map((course, index) => ({
    id: course.id,
    score: rounded(scoreOf(course)),
    legs: { ...meaning.rankOf(course.id), lexical: { rank: index + 1, score: shown(course) } },
  }))
  const known = new Set(matched.map(({ id }) => id))
  const similar = legs.dense
    .filter(({ id, score }) => !known.has(id) && score >= scale.floor)
    .map(({ id }) => ({
      id,
      score: rounded(meaningWeight * meaning.closenessOf(id)),
      legs: meaning.rankOf(id),
    }))
  return [...matched, ...similar].sort(bestFirst)
}

function scorer(
  lexical: readonly MatchedCourse[],
  meaning: Meaning,
): (course: MatchedCourse) => number {
  const best = (hasAll: boolean): number =>
    Math.max(...lexical.filter((course) => course.hasAll === hasAll).map(({ score }) => score))
  const [bestComplete, bestPartial] = [best(true), best(false)]
  const share = (score: number, of: number): number => (of > 0 ? score / of : 0)
  return ({ id, score, coverage, hasAll }) =>
    hasAll
      ? complete + share(score, bestComplete)
      : (coverage + share(score, bestPartial)) / 2 + meaningWeight * meaning.closenessOf(id)
}

/** How close courses are to a query: 0 for a similarity that means nothing, 1 for the highest. */
class Meaning {
  readonly #dense: ReadonlyMap<number, { readonly rank: number; readonly score: number }>
  readonly #typical: number
  readonly #span: number

  constructor(dense: readonly RankedCourse[], { typical, floor }: SimilarityScale) {
    this.#dense = new Map(dense.map(({ id, score }, index) => [id, { rank: index + 1, score }]))
    this.#typical = typical
    // The best of a query that is similar to nothing is not close either.
    this.#span = Math.max(floor, dense[0]?.score ?? floor) - typical
  }

  closenessOf(id: number): number {
    const similarity = this.#dense.get(id)?.score ?? this.#typical
    return this.#span > 0 ? Math.max(0, similarity - this.#typical) / this.#span : 0
  }

  rankOf(id: number): Pick<FusedCourse['legs'], 'dense'> {
    const found = this.#dense.get(id)
    return found === undefined ? {} : { dense: { rank: found.rank, score: shown(found) } }
  }
}

/** Four decimals tell similarities and text ranks apart. */
function shown({ score }: { readonly score: number }): number {
  return Number(score.toFixed(4))
}
