import { err, notFound, ok, versionConflict } from '@headwater/core'
import type { NotFound, Result, Transaction, VersionConflict } from '@headwater/core'
import type * as z from 'zod/mini'
import type { RepositoryContext } from '../context.ts'
import { changedFields } from '../input.ts'
import { passOn } from '../waitlist/pass-on.ts'
import { courseEvent, courseUpdated } from './course-events.ts'
import { selectCourses, setPublished, toCourse, updateCourseRow } from './course-queries.ts'
import type { CourseRow } from './course-queries.ts'
import type { Course, courseChangesInput } from './course.ts'

/** Changes of a course that were checked. */
export type ValidCourseChanges = z.output<ReturnType<typeof courseChangesInput>>

/**
 * Changes a course within a transaction and publishes `course.updated`. Seats that it gains are
 * offered to those who wait.
 */
export async function updateCourse(
  tx: Transaction,
  { id, changes }: { readonly id: number; readonly changes: ValidCourseChanges },
  context: RepositoryContext,
): Promise<Result<Course, NotFound | VersionConflict>> {
  tx.invalidate(context.caches.courses.key(id))
  const { description, category, difficulty, maxStudents } = changes
  const clearable = [description, category, difficulty, maxStudents]
  const {
    rows: [row],
  } = await tx.query<CourseRow>(updateCourseRow, [
    id,
    changes.title,
    changes.instructorId,
    changes.price,
    ...clearable.flatMap((value) => [value !== undefined, value]),
    changes.expectedVersion,
    changes.language,
  ])
  if (row === undefined) {
    const known = await findCourse(tx, id)
    return err(known === undefined ? notFound('course', id) : versionConflict('course', id))
  }
  const course = toCourse(row)
  tx.publish(courseUpdated(course, changedFields(changes)))
  if (row.waitlist_length > 0) return offered(tx, course, context)
  return ok(course)
}

/**
 * Publishes or unpublishes a course within a transaction; publishes `course.published` or
 * `course.unpublished` unless the course already was as asked. Offers of a course that is no longer
 * published are taken back, and made anew when it is published again.
 */
export async function setPublication(
  tx: Transaction,
  { id, isPublished }: { readonly id: number; readonly isPublished: boolean },
  context: RepositoryContext,
): Promise<Result<Course, NotFound>> {
  tx.invalidate(context.caches.courses.key(id))
  const {
    rows: [row],
  } = await tx.query<CourseRow>(setPublished, [id, isPublished])
  if (row === undefined) {
    const unchanged = await findCourse(tx, id)
    return unchanged === undefined ? err(notFound('course', id)) : ok(unchanged)
  }
  const course = toCourse(row)
  tx.publish(courseEvent(course, isPublished ? 'course.published' : 'course.unpublished'))
  if (row.waitlist_length > 0) return offered(tx, course, context)
  return ok(course)
}

/** Passes on the seats of a changed course and returns it with the seats that are on offer now. */
async function offered(
  tx: Transaction,
  { id }: Course,
  context: RepositoryContext,
): Promise<Result<Course, NotFound>> {
  await passOn(tx, [id], context)
  const course = await findCourse(tx, id)
  return course === undefined ? err(notFound('course', id)) : ok(course)
}

async function findCourse(tx: Transaction, id: number): Promise<Course | undefined> {
  const { rows } = await tx.query<CourseRow>(selectCourses, [[id]])
  return rows[0] && toCourse(rows[0])
}
