import { err, ok } from '@headwater/core'
import type { CacheReadError, InvalidInput, Result } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import type { FusedCourse, Ranking } from '../fusion/fuse.ts'
import type { HitHighlights } from '../highlights/highlights.ts'
import type { ReadCourses } from './course-guesses.ts'

/** One course that a search found. */
export interface SearchHit {
  /** The course as it is now. */
  readonly course: Course
  /** Its own score, from the legs; comparable within one result only. */
  readonly score: number
  /** Its rank in the result, from 1, across pages. */
  readonly rank: number
  /** Where each way of searching put it; absent where it was not found that way. */
  readonly legs: FusedCourse['legs']
  /** Where it has the words of the query; only with the option `highlights`. */
  readonly highlights?: HitHighlights
  /** The host wants it first for this query; its score and legs are those it has by itself. */
  readonly pinned?: true
}

/** Options of {@link hydrate}. */
export interface HydrateOptions {
  readonly readCourses: ReadCourses
  /** Whether a row of PostgreSQL may be shown. */
  readonly isFindable: (course: Course) => boolean
  /** The most hits. */
  readonly limit: number
  /**
   * The index of the first id.
   *
   * @defaultValue `0`
   */
  readonly from?: number
  /**
   * The number of hits on earlier pages.
   *
   * @defaultValue `0`
   */
  readonly shown?: number
}

/** The courses of one page. */
export interface HydratedPage {
  readonly hits: readonly SearchHit[]
  /** The number of ids used up, skipped and denied ones included. */
  readonly used: number
}

/**
 * Turns ids into courses, in order, each with its own score. A course that PostgreSQL denies is
 * replaced by the next one. 1 Redis round trip when all are cached and none is denied, and one more
 * for every round of replacements.
 */
export async function hydrate(
  found: Ranking,
  { readCourses, isFindable, limit, from = 0, shown = 0 }: HydrateOptions,
): Promise<Result<HydratedPage, InvalidInput | CacheReadError>> {
  const hits: SearchHit[] = []
  let used = from
  while (used < found.length && hits.length < limit) {
    const chunk = found.slice(used, used + limit - hits.length)
    used += chunk.length
    const rows = await readCourses(chunk.map(({ id }) => id))
    if (rows.isErr()) return err(rows.error)
    for (const { id, score, legs } of chunk) {
      const course = rows.value.get(id)
      if (course !== undefined && isFindable(course))
        hits.push({ course, score, rank: shown + hits.length + 1, legs })
    }
  }
  return ok({ hits, used })
}
