import { defineCache } from '@headwater/core'
import type { Cache, Codec, Stores } from '@headwater/core'
import type { CheckedCacheOptions } from '../cache-options.ts'
import { datesCodec } from '../dates.ts'
import { selectEnrollmentsOfUsers, toEnrollment } from './enrollment-queries.ts'
import type { EnrollmentRow } from './enrollment-queries.ts'
import type { Enrollment } from './enrollment.ts'

const enrollmentCodec = datesCodec<Enrollment>('enrolledAt', 'completedAt')

const enrollmentsCodec: Codec<readonly Enrollment[]> = {
  encode: (enrollments) => enrollments.map((enrollment) => enrollmentCodec.encode(enrollment)),
  decode: (json) => (json as unknown[]).map((item) => enrollmentCodec.decode(item)),
}

/**
 * A user's enrollments under `user:{id}:enrollments`, newest first; empty for a user who does not
 * exist. They name their courses by id: course data comes from the course cache.
 */
export function defineUserEnrollmentsCache(
  stores: Stores,
  options: CheckedCacheOptions['userEnrollments'],
): Cache<number, readonly Enrollment[]> {
  return defineCache<number, readonly Enrollment[]>(stores, {
    ...options,
    name: 'user:enrollments',
    keyName: 'user',
    key: (id) => [id, 'enrollments'],
    codec: enrollmentsCodec,
    load: async (ids, sql) => {
      const { rows } = await sql.query<EnrollmentRow>(selectEnrollmentsOfUsers, [ids])
      const enrollments = Map.groupBy(rows.map(toEnrollment), (enrollment) => enrollment.userId)
      return new Map(ids.map((id) => [id, enrollments.get(id) ?? []]))
    },
  })
}
