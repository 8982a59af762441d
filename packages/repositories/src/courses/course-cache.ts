import { defineCache } from '@headwater/core'
import type { Cache, Codec, Stores } from '@headwater/core'
import type { CheckedCacheOptions } from '../cache-options.ts'
import { datesCodec } from '../dates.ts'
import { selectCourses, toCourse } from './course-queries.ts'
import type { CourseRow } from './course-queries.ts'
import type { Course } from './course.ts'

const dates = datesCodec<Course>('createdAt', 'updatedAt')

/** Entries of releases from before waiting lists have no `seatsOffered`. */
const codec: Codec<Course> = {
  encode: (course) => dates.encode(course),
  decode(json) {
    const course = Object.assign({ seatsOffered: 0 }, dates.decode(json))
    // A release that does not know languages may have stored it, of a course in any of them.
    if (typeof course.language !== 'string')
      throw new TypeError('an entry must hold the language of its course')
    return course
  },
}

/** Courses under `course:{id}`. */
export function defineCourseCache(
  stores: Stores,
  options: CheckedCacheOptions['courses'],
): Cache<number, Course> {
  return defineCache<number, Course>(stores, {
    ...options,
    name: 'course',
    codec,
    load: async (ids, sql) => {
      const { rows } = await sql.query<CourseRow>(selectCourses, [ids])
      return new Map(rows.map((row) => [row.id, toCourse(row)]))
    },
  })
}
