/** One way of finding courses: by vectors or by words. */
export type Leg = 'dense' | 'lexical'

/** A course as one leg found it. */
export interface RankedCourse {
  /** The course. */
  readonly id: number
  /** How well it matches, on the leg's own scale. */
  readonly score: number
}

/** Where one leg put a course. */
export interface LegRank {
  /** Place in the leg, from 1. */
  readonly rank: number
  /**
   * Cosine similarity in the dense leg, text rank in the lexical one, the reranker's own:
   * comparable within one search and leg only.
   */
  readonly score: number
}

/** A course with what all legs said about it. */
export interface FusedCourse {
  /** The course. */
  readonly id: number
  /** The sum over the legs of weight / (60 + rank). */
  readonly score: number
  /** Where each leg put it, and the reranker; absent where it was not found. */
  readonly legs: { readonly [Name in Leg | 'rerank']?: LegRank }
}

/** Courses, best first; a list of them is one. */
export interface Ranking {
  /** How many there are. */
  readonly length: number
  /** Those from one place to before another one, both from 0. */
  slice(from: number, to: number): readonly FusedCourse[]
}

/** The constant of Cormack et al., 2009: how much the first places stand out. */
const k = 60

/**
 * Merges the legs' rankings, best first, by reciprocal rank fusion: their scores, which have
 * nothing in common, stay out of it. A leg's weight, 1 where none is given, multiplies what its
 * ranks are worth.
 */
export function fuse(
  legs: { readonly [Name in Leg]?: readonly RankedCourse[] },
  weights: { readonly [Name in Leg]?: number } = {},
): FusedCourse[] {
  const fused = new Map<number, FusedCourse>()
  for (const name of ['dense', 'lexical'] as const) {
    const weight = weights[name] ?? 1
    for (const [place, { id, score }] of (legs[name] ?? []).entries()) {
      const rank = place + 1
      const before = fused.get(id) ?? { id, score: 0, legs: {} }
      fused.set(id, {
        id,
        score: before.score + weight / (k + rank),
        legs: { ...before.legs, [name]: { rank, score: Number(score.toFixed(4)) } },
      })
    }
  }
  return [...fused.values()]
    .map((course) => ({ ...course, score: round(course.score) }))
    .sort(
      (left, right) =>
        right.score - left.score || rankInWords(left) - rankInWords(right) || left.id - right.id,
    )
}

/** Of two with the same score, the one that has the words as they were typed. */
function rankInWords({ legs }: FusedCourse): number {
  return legs.lexical?.rank ?? Number.MAX_SAFE_INTEGER
}

/** Eight decimals are more than rankings mean, and keep cached results short. */
function round(score: number): number {
  return Number(score.toFixed(8))
}
