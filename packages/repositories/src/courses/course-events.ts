import type { NewEvent } from '@headwater/core'

/** Payload of `course.created`, `course.published` and `course.unpublished`. */
export type CoursePayload = {
  /** The course. */
  readonly courseId: number
}

/** Payload of `course.updated`: the names of the changed fields, without their values. */
export type CourseUpdatedPayload = CoursePayload & {
  /** Names of the fields that the change set. */
  readonly changed: readonly string[]
}

/** Payload of `course.deleted`. */
export type CourseDeletedPayload = CoursePayload & {
  /** Number of enrollments deleted with the course. */
  readonly enrollmentsEnded: number
}

type ChangedCourse = { readonly id: number; readonly version: number }

/**
 * An event of a course. Events of its enrollments have the same aggregate, so everything that
 * happens to one course is delivered in one order.
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

/** A course was deleted together with its enrollments. */
export function courseDeleted(course: ChangedCourse, enrollmentsEnded: number): NewEvent {
  const payload: CourseDeletedPayload = { courseId: course.id, enrollmentsEnded }
  return courseEvent(course, 'course.deleted', payload)
}
