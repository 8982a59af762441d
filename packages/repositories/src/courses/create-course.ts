import { ok } from '@headwater/core'
import type { Result, Transaction } from '@headwater/core'
import type * as z from 'zod/mini'
import type { RepositoryCaches } from '../context.ts'
import { onlyRow } from '../sql.ts'
import { courseEvent } from './course-events.ts'
import { insertCourse, toCourse } from './course-queries.ts'
import type { CourseRow } from './course-queries.ts'
import { defaultLanguage } from './course.ts'
import type { Course, newCourseInput } from './course.ts'

/** Inserts a course within a transaction and publishes `course.created`. */
export async function createCourse(
  tx: Transaction,
  course: z.output<ReturnType<typeof newCourseInput>>,
  caches: RepositoryCaches,
): Promise<Result<Course, never>> {
  const { rows } = await tx.query<CourseRow>(insertCourse, [
    course.title,
    course.description,
    course.instructorId,
    course.category,
    course.difficulty,
    course.maxStudents,
    course.price,
    course.language ?? defaultLanguage,
  ])
  const created = toCourse(onlyRow(rows))
  // Its absence may be cached: another caller may have asked for the id before it existed.
  tx.invalidate(caches.courses.key(created.id))
  tx.publish(courseEvent(created, 'course.created'))
  return ok(created)
}
