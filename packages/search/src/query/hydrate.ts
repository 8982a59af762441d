import { err, ok } from '@headwater/core'
import type { CacheReadError, InvalidInput, Result } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import type { FusedCourse, Ranking } from './fuse.ts'
import type { CourseReader } from '../course-reader.ts'

/** One course that a search found. */
export interface SearchHit {
  /** The course as it is now. */
  readonly course: Course
  /** Its own score, as the legs made it: comparable within one result only. */
  readonly score: number
  /** Its place in the result, from 1, the pages before counted. */
  readonly rank: number
  /** Where each way of searching put it; absent where it was not found that way. */
  readonly legs: FusedCourse['legs']
}

/** What {@link hydrate} is asked for. */
export interface HydrateOptions {
  /** Where courses are read. */
  readonly courses: CourseReader
  /** Whether PostgreSQL's row may be shown. */
  readonly isFindable: (course: Course) => boolean
  /** How many hits there may be. */
  readonly limit: number
  /**
   * How many of the ids are passed over.
   *
   * @defaultValue `0`
   */
  readonly from?: number
  /**
   * How many hits the pages before have.
   *
   * @defaultValue `0`
   */
  readonly shown?: number
}

/** The courses of one page. */
export interface HydratedPage {
  readonly hits: readonly SearchHit[]
  /** How many ids are used up, those passed over and those denied included. */
  readonly used: number
}

/**
 * Turns ids into courses, in their order, each with its own score: what PostgreSQL denies is
 * dropped and the next one takes its place. 1 Redis round trip when all are cached and none is
 * denied; one more for every round of replacements.
 */
export async function hydrate(
  found: Ranking,
  { courses, isFindable, limit, from = 0, shown = 0 }: HydrateOptions,
): Promise<Result<HydratedPage, InvalidInput | CacheReadError>> {
  const hits: SearchHit[] = []
  let used = from
  while (used < found.length && hits.length < limit) {
    const chunk = found.slice(used, used + limit - hits.length)
    used += chunk.length
    const rows = await courses.getMany(chunk.map(({ id }) => id))
    if (rows.isErr()) return err(rows.error)
    for (const { id, score, legs } of chunk) {
      const course = rows.value.get(id)
      if (course !== undefined && isFindable(course))
        hits.push({ course, score, rank: shown + hits.length + 1, legs })
    }
  }
  return ok({ hits, used })
}
