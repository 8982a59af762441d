import { defineCache } from '@headwater/core'
import type { Cache, Stores } from '@headwater/core'
import type { CheckedCacheOptions } from '../cache-options.ts'
import { datesCodec } from '../dates.ts'
import { selectCourses, toCourse } from './course-queries.ts'
import type { CourseRow } from './course-queries.ts'
import type { Course } from './course.ts'

/** Courses under `course:{id}`. */
export function defineCourseCache(
  stores: Stores,
  options: CheckedCacheOptions['courses'],
): Cache<number, Course> {
  return defineCache<number, Course>(stores, {
    ...options,
    name: 'course',
    codec: datesCodec<Course>('createdAt', 'updatedAt'),
    load: async (ids, sql) => {
      const { rows } = await sql.query<CourseRow>(selectCourses, [ids])
      return new Map(rows.map((row) => [row.id, toCourse(row)]))
    },
  })
}
