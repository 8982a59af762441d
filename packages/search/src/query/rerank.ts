import type { Course } from '@headwater/repositories'
import type { FusedCourse, RankedCourse } from './fuse.ts'

/** What a reranker is asked. */
export interface RerankRequest {
  /** The normalised query. */
  readonly query: string
  /** The best courses in their order so far, published and within the filters. */
  readonly courses: readonly Course[]
}

/**
 * Gives courses of the request a score of its own each, the higher the better; those it leaves out
 * keep their order behind the others.
 */
export type Rerank = (
  request: RerankRequest,
  options: { readonly signal: AbortSignal },
) => Promise<readonly RankedCourse[]>

/** A second look at the best courses, for instance by a cross-encoder. */
export interface RerankOptions {
  /** What looks. */
  readonly rank: Rerank
  /**
   * How many courses it looks at, 1 to 200.
   *
   * @defaultValue `50`
   */
  readonly top?: number
  /**
   * Time it has, in milliseconds: when it is late, fails or answers what it was not asked, the
   * order stays as it was.
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
 * @throws whatever it throws, a `TimeoutError` when it is late, and a TypeError when its answer is
 *   none.
 */
export async function askReranker(
  { rank, deadlineMs = rerankDefaults.deadlineMs }: RerankOptions,
  request: RerankRequest,
): Promise<readonly RankedCourse[]> {
  const signal = AbortSignal.timeout(deadlineMs)
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener(
      'abort',
      () => {
        reject(signal.reason as Error)
      },
      { once: true },
    )
  })
  // Inside a promise, so that one who throws at once leaves no rejection behind that nobody awaits.
  const answer = (async () => rank(request, { signal }))()
  const ranked: unknown = await Promise.race([answer, late])
  const problem = problemOf(ranked, new Set(request.courses.map(({ id }) => id)))
  if (problem !== undefined) throw new TypeError(`the reranker's answer ${problem}`)
  return (ranked as readonly RankedCourse[]).toSorted((left, right) => right.score - left.score)
}

/**
 * The courses in the reranker's order, then the others in theirs. What the fusion said of each
 * stays beside it.
 */
export function reranked(
  found: readonly FusedCourse[],
  ranking: readonly RankedCourse[],
): FusedCourse[] {
  const courses = new Map(found.map((course) => [course.id, course]))
  const first = ranking.flatMap(({ id, score }, place) => {
    const course = courses.get(id)
    courses.delete(id)
    return course === undefined
      ? []
      : [{ ...course, legs: { ...course.legs, rerank: { rank: place + 1, score } } }]
  })
  return [...first, ...courses.values()]
}

function problemOf(ranked: unknown, asked: Set<number>): string | undefined {
  if (!Array.isArray(ranked)) return 'is no list'
  for (const entry of ranked as readonly (Partial<RankedCourse> | null)[]) {
    if (typeof entry !== 'object' || entry === null || !Number.isFinite(entry.score))
      return 'has a course without a finite score'
    if (!asked.delete(entry.id ?? 0))
      return `has a course that it was not asked for, or twice: ${String(entry.id)}`
  }
  return undefined
}
