/** A way of finding courses: by vectors or by words. */
export type Leg = 'dense' | 'lexical'

/** A course as one leg found it. */
export interface RankedCourse {
  /** The course. */
  readonly id: number
  /** The quality of the match, on the leg's own scale. */
  readonly score: number
}

/** The rank of a course in one leg. */
export interface LegRank {
  /** The rank, from 1. */
  readonly rank: number
  /**
   * Cosine similarity in the dense leg, text rank in the lexical one, the reranker's own score.
   * Comparable within one search and leg only.
   */
  readonly score: number
}

/** A course with its rank in every leg. */
export interface FusedCourse {
  /** The course. */
  readonly id: number
  /**
   * Higher is better; comparable within one search only. By {@link fuse}, the sum over the legs of
   * weight / (60 + rank).
   */
  readonly score: number
  /** Its rank in each leg and by the reranker; absent where it was not found. */
  readonly legs: { readonly [Name in Leg | 'rerank']?: LegRank }
}

/** Courses, best first; an array of them is a ranking. */
export interface Ranking {
  /** The number of courses. */
  readonly length: number
  /** The courses from one index, from 0, to before another. */
  slice(from: number, to: number): readonly FusedCourse[]
}

/** The constant of Cormack et al., 2009. The smaller it is, the more the first ranks stand out. */
const k = 60

/**
 * Merges the rankings of the legs, best first, by reciprocal rank fusion. The legs' scores are not
 * comparable and have no part in it. A leg's weight, 1 by default, multiplies its terms.
 */
export function fuse(
  legs: { readonly [Name in Leg]?: readonly RankedCourse[] },
  weights: { readonly [Name in Leg]?: number } = {},
): FusedCourse[] {
  const fused = new Map<number, FusedCourse>()
  for (const name of ['dense', 'lexical'] as const) {
    const weight = weights[name] ?? 1
    for (const [index, { id, score }] of (legs[name] ?? []).entries()) {
      const rank = index + 1
      const before = fused.get(id) ?? { id, score: 0, legs: {} }
      fused.set(id, {
        id,
        score: before.score + weight / (k + rank),
        legs: { ...before.legs, [name]: { rank, score: Number(score.toFixed(4)) } },
      })
    }
  }
  return [...fused.values()]
    .map((course) => ({ ...course, score: rounded(course.score) }))
    .sort(bestFirst)
}

/** Orders by score; of equal courses, the one with the typed words comes first. */
export function bestFirst(left: FusedCourse, right: FusedCourse): number {
  return right.score - left.score || rankInWords(left) - rankInWords(right) || left.id - right.id
}

function rankInWords({ legs }: FusedCourse): number {
  return legs.lexical?.rank ?? Number.MAX_SAFE_INTEGER
}

/** Eight decimals are precise enough, and keep cached results short. */
export function rounded(score: number): number {
  return Number(score.toFixed(8))
}
