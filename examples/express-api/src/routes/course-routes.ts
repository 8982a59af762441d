import type { Course } from '@headwater/repositories'
import { Router } from 'express'
import type { Request, Response } from 'express'
import { z } from 'zod'
import { callerId, signedInInstructor } from '../caller.ts'
import { forbidden, notFound, RequestFailed, unwrap } from '../failure.ts'
import { amount, idOf, page, parse, wholeNumber } from '../input.ts'
import type { Services } from '../services.ts'
import type { RouteDeps } from './route-deps.ts'

const newCourse = z.strictObject({
  title: z.string(),
  description: z.string().nullish(),
  category: z.string().nullish(),
  difficulty: z.string().nullish(),
  maxStudents: z.number().nullish(),
  price: amount,
})

const courseChanges = newCourse.partial().extend({
  title: z.string().exactOptional(),
  price: amount.exactOptional(),
  expectedVersion: z.number().optional(),
})

const listQuery = z.strictObject({ category: z.string().optional(), ...page })
const popularQuery = z.strictObject({ limit: wholeNumber.optional() })
const studentsQuery = z.strictObject(page)

/** Routes of the catalogue, and of instructors' own courses. */
export function courseRoutes({ services, limit }: RouteDeps): Router {
  const { courses, activity } = services
  const router = Router()

  router.get('/courses', limit.read, async (request, response) => {
    response.json(unwrap(await courses.list(parse(listQuery, request.query))))
  })

  router.get('/courses/popular', limit.read, async (request, response) => {
    response.json({
      items: unwrap(await courses.popular(parse(popularQuery, request.query).limit)),
    })
  })

  router.get('/courses/:id', limit.read, async (request, response) => {
    const course = await visibleCourse(services, request, response)
    const view = {
      userId: callerId(response),
      type: 'course.viewed',
      data: { courseId: course.id },
      metadata: originOf(request),
    }
    activity.record(view).unwrapOr(undefined)
    response.json(course)
  })

  router.post('/courses', limit.write, async (request, response) => {
    const { id: instructorId } = await signedInInstructor(services, response)
    const course = unwrap(await courses.create({ ...parse(newCourse, request.body), instructorId }))
    response.status(201).location(`/courses/${course.id}`).json(course)
  })

  router.patch('/courses/:id', limit.write, async (request, response) => {
    const { id } = await ownCourse(services, request, response)
    response.json(unwrap(await courses.update(id, parse(courseChanges, request.body))))
  })

  router.post('/courses/:id/publish', limit.write, async (request, response) => {
    const { id } = await ownCourse(services, request, response)
    response.json(unwrap(await courses.publish(id)))
  })

  router.post('/courses/:id/unpublish', limit.write, async (request, response) => {
    const { id } = await ownCourse(services, request, response)
    response.json(unwrap(await courses.unpublish(id)))
  })

  router.delete('/courses/:id', limit.write, async (request, response) => {
    const { id } = await ownCourse(services, request, response)
    unwrap(await courses.delete(id))
    response.status(204).end()
  })

  router.get('/courses/:id/students', limit.read, async (request, response) => {
    const { id } = await ownCourse(services, request, response)
    const students = unwrap(await courses.students(id, parse(studentsQuery, request.query)))
    response.json({
      ...students,
      items: students.items.map(({ id, username, fullName }) => ({ id, username, fullName })),
    })
  })

  return router
}

/** The course of a path; an unpublished one exists for its instructor only. */
async function visibleCourse(
  { courses }: Services,
  request: Request,
  response: Response,
): Promise<Course> {
  const id = idOf(request.params)
  const course = unwrap(await courses.get(id))
  if (course?.isPublished || (course !== undefined && course.instructorId === callerId(response)))
    return course
  throw new RequestFailed(notFound('course', id))
}

/** The course of a path when the signed-in instructor teaches it; otherwise the request ends. */
async function ownCourse(
  services: Services,
  request: Request,
  response: Response,
): Promise<Course> {
  const instructor = await signedInInstructor(services, response)
  const course = await visibleCourse(services, request, response)
  if (course.instructorId !== instructor.id) throw new RequestFailed(forbidden)
  return course
}

function originOf(request: Request) {
  const [ipAddress, userAgent, referrer] = [
    request.ip,
    request.get('User-Agent'),
    request.get('Referer'),
  ]
  return { ipAddress, userAgent, referrer }
}
