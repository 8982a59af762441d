import type { Transaction } from '@headwater/core'
import { lockCourses } from './course-queries.ts'
import type { LockedCourseRow } from './course-queries.ts'

/**
 * Locks a course for the rest of the transaction; `undefined` when there is no such course. Every
 * change of a course's enrollments or waiting list begins with it. No round trip of its own as the
 * first statement: it travels along with BEGIN.
 */
export async function lockCourse(
  tx: Transaction,
  id: number,
): Promise<LockedCourseRow | undefined> {
  const { rows } = await tx.query<LockedCourseRow>(lockCourses([id], 'wait'))
  return rows[0]
}
