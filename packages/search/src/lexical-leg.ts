import type { ResultAsync, SqlError, Stores } from '@headwater/core'
import { selectMatchingCourses } from './course-queries.ts'
import type { MatchingCourse } from './course-queries.ts'
import type { RankedCourse } from './fuse.ts'
import type { LegQuery } from './legs.ts'

const maxWords = 32

/**
 * Finds courses by their words, with PostgreSQL's full text search: 1 round trip.
 */
export function searchByWords(stores: Stores, { query, filters, depth, deadlineMs }: LegQuery): ResultAsync<readonly RankedCourse[], SqlError> {
  const { category, difficulty, instructorId, minPrice, maxPrice, hasPlaces = false } = filters
  const values = [query, wordsQuery(query), category, difficulty, instructorId, minPrice, maxPrice, hasPlaces, depth]
  return stores.postgres.query<MatchingCourse>(selectMatchingCourses, values.map((value) => value ?? null), { deadlineMs })
    .map(({ rows }) => rows.map(({ id, score }) => ({ id, score })))
}

/**
 * The words of a query as a `tsquery` that any of them satisfies, the last one, which may still be being typed, also as the beginning of a
 * word. `undefined` where the query says by quotes or a minus that the whole counts.
 */
export function wordsQuery(query: string): string | undefined {
  if (/"|(^|\s)-\S/.test(query)) return undefined
  const words = (query.match(/[\p{L}\p{N}]+/gu) ?? []).slice(0, maxWords)
  const last = words.at(-1) ?? ''
  return [...words, ...(last.length > 2 ? [`${last}:*`] : [])].join(' | ')
}
