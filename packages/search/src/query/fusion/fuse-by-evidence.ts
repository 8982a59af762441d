import type { FusedCourse, RankedCourse } from './fuse.ts'
import { bestFirst, rounded } from './fuse.ts'

/** A course as the leg by words found it. */
export interface MatchedCourse extends RankedCourse {
  /** Its share of the words of the query, by their weight: 0 to 1. */
  readonly coverage: number
  /** Whether it has every word of the query. */
  readonly hasAll: boolean
}

/** The scale of similarities. */
export interface SimilarityScale {
  /** What unrelated texts have. */
  readonly typical: number
  /** What texts without a meaning never exceed. */
  readonly floor: number
  /**
   * The least similarity of a course without any of the words, where others have some of them: that
   * much is no chance then.
   *
   * @defaultValue a quarter of the way from `typical` to `floor`
   */
  readonly least?: number
}

/** The least weight of meaning: it orders what has no other order. */
const leastWeight = 0.01

/** The scores of courses with every word begin here, above all others. */
const complete = 2

/** A similarity that is further above the others counts for no more, whatever the scale. */
const mostDistinct = 4

/** What as many courses have in common with a query is nothing that one of them stands out by. */
const unremarkable = 50

/**
 * Merges the rankings of the legs by what they show, best first:
 *
 * 1. Courses with every word of the query, in the order of the words.
 * 2. Courses with some of the words, by how much of the query they have and how well they match it,
 *    and by how far they stand out by their similarity.
 * 3. Among these, courses without any of its words that stand out.
 *
 * Similarities count for as much as words leave unanswered: the share of the query that no course
 * has. So what is merely similar never comes before an exact or a prefix match, and a query that
 * words do not answer takes most from its meaning. Where words answer all of the query, or none, a
 * course without them must be more similar to it than any is to a text that means nothing: nonsense
 * finds nothing.
 */
export function fuseByEvidence(
  legs: { readonly dense: readonly RankedCourse[]; readonly lexical: readonly MatchedCourse[] },
  scale: SimilarityScale,
): FusedCourse[] {
  const answered = shareAnswered(legs.lexical)
  const meaning = new Meaning(legs.dense, scale)
  const weight = Math.max(leastWeight, 1 - answered)
  const scoreOf = scorer(legs.lexical, answered)
  const matched = legs.lexical.map((course, index) => ({
    id: course.id,
    score: rounded(
      scoreOf(course) + (course.hasAll ? 0 : weight * meaning.distinctionOf(course.id)),
    ),
    legs: { ...meaning.rankOf(course.id), lexical: { rank: index + 1, score: shown(course) } },
  }))
  const known = new Set(matched.map(({ id }) => id))
  const least = leastOf(answered, meaning, scale)
  const similar = legs.dense
    .filter(({ id, score }) => !known.has(id) && score >= least)
    .map(({ id }) => ({
      id,
      score: rounded(weight * meaning.distinctionOf(id)),
      legs: meaning.rankOf(id),
    }))
  return [...matched, ...similar].sort(bestFirst)
}

/** The least similarity of a course without any of the words. */
export function leastAlone(
  legs: { readonly dense: readonly RankedCourse[]; readonly lexical: readonly MatchedCourse[] },
  scale: SimilarityScale,
): number {
  return leastOf(shareAnswered(legs.lexical), new Meaning(legs.dense, scale), scale)
}

function leastOf(answered: number, { least }: Meaning, { floor }: SimilarityScale): number {
  return answered > 0 && answered < 1 ? least : floor
}

/** How much of the query the course has that has the most of it. */
function shareAnswered(lexical: readonly MatchedCourse[]): number {
  return Math.max(0, ...lexical.map(({ coverage, hasAll }) => (hasAll ? 1 : coverage)))
}

function scorer(
  lexical: readonly MatchedCourse[],
  answered: number,
): (course: MatchedCourse) => number {
  const best = (hasAll: boolean): number =>
    Math.max(...lexical.filter((course) => course.hasAll === hasAll).map(({ score }) => score))
  const [bestComplete, bestPartial] = [best(true), best(false)]
  const share = (score: number, of: number): number => (of > 0 ? score / of : 0)
  return ({ score, coverage, hasAll }) =>
    hasAll
      ? complete + share(score, bestComplete)
      : (coverage + answered * share(score, bestPartial)) / 2
}

/** The least similarity that is no chance where a course has some of the words. */
export function leastRelated({ typical, floor, least }: SimilarityScale): number {
  return least ?? typical + (floor - typical) / 4
}

/** How similar courses are to a query, beside all others and beside texts without a meaning. */
class Meaning {
  /** The least similarity of a course without words of a query that words answer in part. */
  readonly least: number
  readonly #dense: ReadonlyMap<number, { readonly rank: number; readonly score: number }>
  readonly #base: number
  readonly #span: number

  constructor(dense: readonly RankedCourse[], scale: SimilarityScale) {
    const { typical, floor } = scale
    this.#dense = new Map(dense.map(({ id, score }, index) => [id, { rank: index + 1, score }]))
    // Some models find everything similar to a long query, and little to a short one.
    this.#base = Math.max(typical, dense[unremarkable - 1]?.score ?? typical)
    this.#span = floor - typical
    this.least = Math.min(floor, Math.max(leastRelated(scale), this.#base))
  }

  /** 0 for what is as similar as many others, 1 for as much more as the floor is above typical. */
  distinctionOf(id: number): number {
    const similarity = this.#dense.get(id)?.score ?? this.#base
    const above = Math.max(0, similarity - this.#base)
    return this.#span > 0 ? Math.min(mostDistinct, above / this.#span) : 0
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
