import { notFound } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import { type Asking, callerId, memberId } from '../caller.ts'
import { forbidden, refuse, unwrap } from '../failure.ts'
import type { Services } from '../services.ts'

/** A course; an unpublished one exists for its instructor and its students only. */
export async function visibleCourse(
  services: Services,
  asking: Asking,
  id: number,
): Promise<Course> {
  const { signal } = asking
  const course = await unwrap(services.courses.get(id, { signal }))
  if (course === undefined) return refuse(notFound('course', id))
  if (course.isPublished || (await takesPart(services, asking, course))) return course
  return refuse(notFound('course', id))
}

/** A course that the signed-in instructor teaches; otherwise the request ends. */
export async function ownCourse(services: Services, asking: Asking, id: number): Promise<Course> {
  const course = await visibleCourse(services, asking, id)
  return course.instructorId === memberId(asking.caller) ? course : refuse(forbidden)
}

async function takesPart(
  { enrollments }: Services,
  { caller, signal }: Asking,
  { id, instructorId }: Course,
): Promise<boolean> {
  const userId = callerId(caller)
  if (userId === undefined) return false
  if (userId === instructorId) return true
  return unwrap(enrollments.isEnrolled({ userId, courseId: id }, { signal }))
}
