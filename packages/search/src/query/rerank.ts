import { within } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import type { FusedCourse, RankedCourse } from './fusion/fuse.ts'

/** A request to a reranker. */
export interface RerankRequest {
  /** The normalised query. */
  readonly query: string
  /** The best courses in their current order, published and within the filters. */
  readonly courses: readonly Course[]
}

/**
 * Scores courses of the request, higher is better. Courses it leaves out keep their order behind
 * the scored ones.
 */
export type Rerank = (
  request: RerankRequest,
  options: { readonly signal: AbortSignal },
) => Promise<readonly RankedCourse[]>

/** Reorders the best courses, for instance with a cross-encoder. */
export interface RerankOptions {
  /** The reranker. */
  readonly rank: Rerank
  /**
   * The number of courses it scores, 1 to 200.
   *
   * @defaultValue `50`
   */
  readonly top?: number
  /**
   * Its deadline, in milliseconds. When it is late, fails, or scores a course that it was not asked
   * about, the order stays.
   *
   * @defaultValue `1_000`
   */
  readonly deadlineMs?: number
}

/** The defaults of {@link RerankOptions}. */
export const rerankDefaults = { top: 50, deadlineMs: 1_000 } as const

/**
 * Asks the reranker, within its deadline.
 *
 * @throws the reranker's own error, a `TimeoutError` when it is late, a TypeError when its answer
 *   is malformed.
 */
export async function askReranker(
  { rank, deadlineMs = rerankDefaults.deadlineMs }: RerankOptions,
  request: RerankRequest,
): Promise<readonly RankedCourse[]> {
  const late = new AbortController()
  const endLate = (): never => {
    const timeout = new DOMException(`no ranking within ${deadlineMs} ms`, 'TimeoutError')
    late.abort(timeout)
    throw timeout
  }
  // An async function: a reranker that throws synchronously fails like one that rejects.
  const answer = (async () => rank(request, { signal: late.signal }))()
  const ranked: unknown = await within(answer, deadlineMs, endLate)
  const problem = problemOf(ranked, new Set(request.courses.map(({ id }) => id)))
  if (problem !== undefined) throw new TypeError(`the reranker's answer ${problem}`)
  return (ranked as readonly RankedCourse[]).toSorted((left, right) => right.score - left.score)
}

/**
 * The scored courses in the reranker's order, then the others in theirs. Scores and ranks of the
 * fusion stay.
 */
export function reranked(
  found: readonly FusedCourse[],
  ranking: readonly RankedCourse[],
): FusedCourse[] {
  const courses = new Map(found.map((course) => [course.id, course]))
  const first = ranking.flatMap(({ id, score }, index) => {
    const course = courses.get(id)
    courses.delete(id)
    return course === undefined
      ? []
      : [{ ...course, legs: { ...course.legs, rerank: { rank: index + 1, score } } }]
  })
  return [...first, ...courses.values()]
}

function problemOf(ranked: unknown, asked: Set<number>): string | undefined {
  if (!Array.isArray(ranked)) return 'is not a list'
  for (const entry of ranked as readonly (Partial<RankedCourse> | null)[]) {
    if (typeof entry !== 'object' || entry === null || !Number.isFinite(entry.score))
      return 'has a course without a finite score'
    if (!asked.delete(entry.id ?? 0))
      return `has a course that it was not asked for, or twice: ${String(entry.id)}`
  }
  return undefined
}
