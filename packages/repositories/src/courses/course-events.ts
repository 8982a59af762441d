import type { NewEvent } from '@headwater/core'

/** Payload of `course.created`, `course.published` and `course.unpublished`. */
export type CoursePayload = {
  /** The course. */
  readonly courseId: number
}

/** Payload of `course.updated`: which fields changed, not to what. */
export type CourseUpdatedPayload = CoursePayload & {
  /** Names of the fields that were given. */
  readonly changed: readonly string[]
}

/** Payload of `course.deleted`. */
export type CourseDeletedPayload = CoursePayload & {
  /** How many enrollments went with it. */
  readonly enrollmentsEnded: number
}

type ChangedCourse = { readonly id: number; readonly version: number }

/**
 * An event of a course. Events of enrollments have the same aggregate: all that happens to one
 * course is delivered in one order.
 */
export function courseEvent(
  course: ChangedCourse,
  type: string,
  payload: CoursePayload = { courseId: course.id },
): NewEvent {
  return { aggregateType: 'course', aggregateId: course.id, type, version: course.version, payload }
}

/** Fields of a course changed. */
export function courseUpdated(course: ChangedCourse, changed: readonly string[]): NewEvent {
  const payload: CourseUpdatedPayload = { courseId: course.id, changed }
  return courseEvent(course, 'course.updated', payload)
}

/** A course was deleted, and its enrollments with it. */
export function courseDeleted(course: ChangedCourse, enrollmentsEnded: number): NewEvent {
  const payload: CourseDeletedPayload = { courseId: course.id, enrollmentsEnded }
  return courseEvent(course, 'course.deleted', payload)
}
