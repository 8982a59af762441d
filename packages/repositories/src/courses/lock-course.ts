import type { Transaction } from '@headwater/core'
import { lockCourses } from './course-queries.ts'

/**
 * Locks a course for the rest of the transaction and returns its version; `undefined` when there is
 * no such course. Every change of a course's enrollments begins with it. No round trip of its own
 * as the first statement: it travels along with BEGIN.
 */
export async function lockCourse(tx: Transaction, id: number): Promise<string | undefined> {
  const { rows } = await tx.query<{ version: string }>(lockCourses([id], 'wait'))
  return rows[0]?.version
}
