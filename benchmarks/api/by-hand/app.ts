import express, { type Express, type RequestHandler } from 'express'
import type { ApiByHand } from './api.ts'
import type { Course } from './course-row.ts'
import { click, courseChanges, enrollmentQuery, idInPath } from './inputs.ts'
import { order, profileChanges, searchInPath, searchQuery } from './inputs.ts'
import { answerError, parse, Refusal } from './refusal.ts'

const maxBodyBytes = 65_536

/** The operations of the load, with the example's answers and limits. */
export function createAppByHand(api: ApiByHand): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('trust proxy', 0)
  app.use((_request, response, next) => {
    response.set({ 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' })
    next()
  })
  app.use(express.json({ limit: maxBodyBytes }))
  app.get('/me', getProfile(api))
  app.patch('/me', patchProfile(api))
  app.get('/me/enrollments', listEnrollments(api))
  app.get('/courses/:id', getCourse(api))
  app.patch('/courses/:id', patchCourse(api))
  app.post('/courses/:id/enrollments', enroll(api))
  app.get('/search', search(api))
  app.post('/search/:searchId/clicks', clickOn(api))
  app.use(({ method, path }) => {
    throw new Refusal(404, 'not-found', `there is no ${method} ${path}`)
  })
  app.use(answerError)
  return app
}

function getProfile({ gate, profiles }: ApiByHand): RequestHandler {
  return async (request, response) => {
    const userId = memberId(await gate.pass(request, response, 'read'))
    response.json((await profiles.get(userId)) ?? notSignedIn())
  }
}

function patchProfile({ gate, profiles }: ApiByHand): RequestHandler {
  return async (request, response) => {
    const userId = memberId(await gate.pass(request, response, 'write'))
    response.json(await profiles.update(userId, parse(profileChanges, request.body)))
  }
}

function listEnrollments({ gate, enrollments }: ApiByHand): RequestHandler {
  return async (request, response) => {
    const userId = memberId(await gate.pass(request, response, 'read'))
    parse(enrollmentQuery, request.query)
    response.json(await enrollments.listForUser(userId))
  }
}

function getCourse(api: ApiByHand): RequestHandler {
  return async (request, response) => {
    const userId = await api.gate.pass(request, response, 'read')
    const { id } = parse(idInPath, request.params)
    const course = await visibleCourse(api, userId, id)
    void api.activity.logActivity(userId ?? 0, 'course.viewed', { course_id: id })
    response.json(course)
  }
}

function patchCourse(api: ApiByHand): RequestHandler {
  return async (request, response) => {
    const userId = memberId(await api.gate.pass(request, response, 'write'))
    const { role } = (await api.profiles.get(userId)) ?? notSignedIn()
    if (role !== 'instructor') throw forbidden()
    const { id } = parse(idInPath, request.params)
    const changes = parse(courseChanges, request.body)
    const { instructorId } = await visibleCourse(api, userId, id)
    if (instructorId !== userId) throw forbidden()
    response.json(await api.courses.update(id, changes))
  }
}

function enroll({ gate, seats }: ApiByHand): RequestHandler {
  return async (request, response) => {
    const userId = memberId(await gate.pass(request, response, 'write'))
    const { id: courseId } = parse(idInPath, request.params)
    parse(order, request.body)
    const { enrollment_id, enrolled_at } = await seats.enrollUser(userId, courseId)
    response.status(201).json({
      id: enrollment_id,
      userId,
      courseId,
      enrolledAt: enrolled_at,
      completedAt: null,
      progress: 0,
    })
  }
}

function search({ gate, searches }: ApiByHand): RequestHandler {
  return async (request, response) => {
    const userId = await gate.pass(request, response, 'search')
    const { q, limit = 10 } = parse(searchQuery, request.query)
    response.json(await searches.search(q, { limit, userId }))
  }
}

function clickOn({ gate, searches }: ApiByHand): RequestHandler {
  return async (request, response) => {
    await gate.pass(request, response, 'write')
    searches.click({
      ...parse(searchInPath, request.params),
      ...parse(click, request.body),
    })
    response.status(202).end()
  }
}

/** An unpublished course exists for its instructor and its students only. */
async function visibleCourse(
  { courses }: ApiByHand,
  userId: number | undefined,
  id: number,
): Promise<Course> {
  const course = await courses.get(id)
  if (course?.isPublished === true) return course
  if (course !== undefined && userId !== undefined)
    if (course.instructorId === userId || (await courses.isEnrolled(userId, id))) return course
  throw new Refusal(404, 'not-found', `there is no course ${id}`)
}

function memberId(userId: number | undefined): number {
  return userId ?? notSignedIn()
}

function notSignedIn(): never {
  throw new Refusal(401, 'not-signed-in', 'sign in first')
}

function forbidden(): Refusal {
  return new Refusal(403, 'forbidden', 'you may not do this')
}
