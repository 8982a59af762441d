import { notFound } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import { type Caller, callerId, memberId } from '../caller.ts'
import { forbidden, refuse, unwrap } from '../failure.ts'
import type { Services } from '../services.ts'

/** A course; an unpublished one exists for its instructor and its students only. */
export async function visibleCourse(
  services: Services,
  caller: Caller,
  id: number,
): Promise<Course> {
  const course = await unwrap(services.courses.get(id))
  if (course === undefined) return refuse(notFound('course', id))
  if (course.isPublished || (await takesPart(services, caller, course))) return course
  return refuse(notFound('course', id))
}

/** A course that the signed-in instructor teaches; otherwise the request ends. */
export async function ownCourse(services: Services, caller: Caller, id: number): Promise<Course> {
  const course = await visibleCourse(services, caller, id)
  return course.instructorId === memberId(caller) ? course : refuse(forbidden)
}

async function takesPart(
  { enrollments }: Services,
  caller: Caller,
  { id, instructorId }: Course,
): Promise<boolean> {
  const userId = callerId(caller)
  if (userId === undefined) return false
  return userId === instructorId || unwrap(enrollments.isEnrolled({ userId, courseId: id }))
}
