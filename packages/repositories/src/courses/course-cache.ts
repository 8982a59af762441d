import { defineCache } from '@headwater/core'
import type { Cache, Stores } from '@headwater/core'
import type { CheckedCacheOptions } from '../cache-options.ts'
import { datesCodec } from '../dates.ts'
import { selectCourses, selectStudents, toCourse } from './course-queries.ts'
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

/**
 * Ids of a course's students under `course:{id}:students`; empty for a course that does not exist.
 */
export function defineCourseStudentsCache(
  stores: Stores,
  options: CheckedCacheOptions['courseStudents'],
): Cache<number, readonly number[]> {
  return defineCache<number, readonly number[]>(stores, {
    ...options,
    name: 'course:students',
    keyName: 'course',
    key: (id) => [id, 'students'],
    load: async (ids, sql) => {
      const { rows } = await sql.query<{ course_id: number; user_ids: number[] }>(selectStudents, [
        ids,
      ])
      const students = new Map(rows.map((row) => [row.course_id, row.user_ids]))
      return new Map(ids.map((id) => [id, students.get(id) ?? []]))
    },
  })
}
