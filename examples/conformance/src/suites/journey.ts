import type {
  Course,
  Enrollment,
  EnrollmentWithCourse,
  Page,
  User,
  WaitlistPlace,
} from '@headwater/repositories'
import type { SearchResult } from '@headwater/search'
import { eventually } from '@headwater/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { password, type Platform } from '../platform.ts'

export function journey(platform: () => Platform): void {
  let api: Platform
  beforeAll(() => {
    api = platform()
  })

  describe('a student', () => {
    test('A student registers, signs in, searches, enrolls once and hands the seat on', async () => {
      const algebra = await api.course({
        title: 'Linear algebra for machine learning',
        category: 'AI/ML',
      })
      const small = await api.course({ title: 'One-to-one tutoring', maxStudents: 1 })
      const visitor = api.visitor()

      const registered = await visitor.post<User>('/users', {
        email: 'ada@example.com',
        username: 'ada',
        fullName: 'Ada Lovelace',
        password,
      })
      expect(registered.status).toBe(201)
      expect(JSON.stringify(registered.body)).not.toMatch(/password|scrypt/i)
      expect((await visitor.post('/sessions', { email: 'ADA@example.com', password })).status).toBe(
        201,
      )
      expect((await visitor.get<User>('/me')).body).toEqual(registered.body)

      const found = await eventually(
        async () => {
          const answer = await visitor.get<SearchResult>(
            '/search?q=linear+algebra&category=AI%2FML&limit=5',
          )
          return answer.body.hits.length > 0 && answer
        },
        { timeoutMs: 60_000 },
      )
      expect(found.body.hits.map(({ course }) => course.id)).toEqual([algebra.id])
      expect(
        (
          await visitor.post(`/search/${found.body.searchId}/clicks`, {
            courseId: algebra.id,
            position: 1,
            proof: (found.body.hits[0] as unknown as { proof: string }).proof,
          })
        ).status,
      ).toBe(202)

      const payment = { method: 'credit_card', coupon: 'WELCOME' }
      expect((await visitor.post(`/courses/${algebra.id}/enrollments`, { payment })).status).toBe(
        201,
      )
      const again = await visitor.post(`/courses/${algebra.id}/enrollments`, { payment })
      expect([again.status, again.body.error.type]).toEqual([409, 'already-enrolled'])

      const { visitor: other, user: receiver } = await api.member()
      expect((await other.post(`/courses/${small.id}/enrollments`)).status).toBe(201)
      const full = await visitor.post(`/courses/${small.id}/enrollments`)
      expect([full.status, full.body.error.type]).toEqual([409, 'course-full'])

      const { body: offer } = await visitor.post<object>(
        `/courses/${algebra.id}/enrollments/offers`,
        { toUserId: receiver.id },
      )
      expect((await other.post('/enrollments/accept', offer)).status).toBe(200)
      expect((await visitor.get<Page<unknown>>('/me/enrollments')).body.items).toEqual([])
      const received = await other.get<Page<EnrollmentWithCourse>>('/me/enrollments')
      expect(received.body.items.map(({ courseId, progress }) => [courseId, progress])).toEqual([
        [algebra.id, 0],
        [small.id, 0],
      ])
      expect((await visitor.get<Course>(`/courses/${algebra.id}`)).body.currentEnrollment).toBe(1)

      expect((await other.delete(`/courses/${small.id}/enrollments`)).status).toBe(204)
      expect((await visitor.get<Course>(`/courses/${small.id}`)).body.currentEnrollment).toBe(0)
    })

    test('A student waits for a full course, and gets the seat that another one gives up', async () => {
      const { id } = await api.course({ title: 'A single seat', maxStudents: 1 })
      const [seats, list] = [`/courses/${id}/enrollments`, `/courses/${id}/waitlist`]
      const [{ visitor: student }, { visitor: waiting }, { visitor: late }] = [
        await api.member(),
        await api.member(),
        await api.member(),
      ]
      expect((await student.post(seats)).status).toBe(201)
      expect((await waiting.post(list)).status).toBe(201)
      const again = await waiting.post(list)
      expect([again.status, again.body.error.type]).toEqual([409, 'already-waiting'])
      expect((await student.delete(seats)).status).toBe(204)
      expect((await late.post(seats)).body.error.type).toBe('course-full')
      const places = async () => (await waiting.get<Page<WaitlistPlace>>('/me/waitlist')).body.items
      expect(await places()).toMatchObject([
        { courseId: id, offerEndsAt: expect.any(String) as unknown },
      ])
      expect((await waiting.post(seats)).status).toBe(201)
      expect(await places()).toEqual([])
    })

    test('A student who signs out is signed out even where the cookie was kept', async () => {
      const { user } = await api.member()
      const { headers } = await api.visitor().post('/sessions', { email: user.email, password })
      const Cookie = headers.get('Set-Cookie')?.split(';')[0] ?? ''
      const status = async (method: string, path: string) =>
        (await fetch(`${api.url}${path}`, { method, headers: { Cookie } })).status
      expect([
        await status('GET', '/me'),
        await status('DELETE', '/sessions/current'),
        await status('GET', '/me'),
      ]).toEqual([200, 204, 401])
    })

    test('The session cookie is out of reach of scripts and other sites', async () => {
      const { user } = await api.member()
      const { headers } = await api.visitor().post('/sessions', { email: user.email, password })
      expect(headers.get('Set-Cookie')).toMatch(/^session=[\w-]{43};.*HttpOnly.*SameSite=Strict/i)
    })

    test('A student changes the profile, but only the version that was read', async () => {
      const { visitor, user } = await api.member()
      const changed = await visitor.patch<User>('/me', {
        fullName: 'Grace Hopper',
        expectedVersion: user.version,
      })
      expect(changed.body).toMatchObject({ fullName: 'Grace Hopper', version: user.version + 1 })
      expect((await visitor.get<User>('/me')).body.fullName).toBe('Grace Hopper')
      const late = await visitor.patch('/me', {
        fullName: 'Somebody else',
        expectedVersion: user.version,
      })
      expect([late.status, late.body.error.type]).toEqual([409, 'version-conflict'])
    })
  })

  describe('an instructor', () => {
    test('An instructor creates, changes, publishes, unpublishes and deletes a course', async () => {
      const { visitor } = await api.member('instructor')
      const created = await visitor.post<Course>('/courses', { title: 'Geometry', price: '20.00' })
      const path = `/courses/${created.body.id}`
      const location = new URL(`${api.url}${path}`).pathname
      expect([created.status, created.headers.get('Location'), created.body.isPublished]).toEqual([
        201,
        location,
        false,
      ])
      expect((await api.visitor().get(path)).status).toBe(404)
      expect((await visitor.get<Course>(path)).body.title).toBe('Geometry')
      expect((await visitor.patch<Course>(path, { title: 'Plane geometry' })).body.title).toBe(
        'Plane geometry',
      )
      await visitor.post(`${path}/publish`)
      expect((await api.visitor().get<Course>(path)).body.title).toBe('Plane geometry')
      await visitor.post(`${path}/unpublish`)
      expect((await api.visitor().get(path)).status).toBe(404)
      expect((await visitor.delete(path)).status).toBe(204)
      expect((await visitor.get(path)).status).toBe(404)
    })

    test('An instructor sees the names of the students and records their progress', async () => {
      const { visitor } = await api.member('instructor')
      const {
        body: { id },
      } = await visitor.post<Course>('/courses', { title: 'Geometry', price: 0 })
      await visitor.post(`/courses/${id}/publish`)
      const student = await api.member()
      await student.visitor.post(`/courses/${id}/enrollments`)
      const { body } = await visitor.get<Page<object>>(`/courses/${id}/students`)
      expect(body.items).toEqual([
        { id: student.user.id, username: student.user.username, fullName: null },
      ])
      expect((await student.visitor.get(`/courses/${id}/students`)).status).toBe(403)
      const { body: enrollment } = await visitor.patch<Enrollment>(
        `/courses/${id}/students/${student.user.id}`,
        { progress: 40 },
      )
      expect([enrollment.userId, enrollment.progress]).toEqual([student.user.id, 40])
    })
  })

  describe('a visitor', () => {
    test('A visitor pages through a category of the catalogue', async () => {
      const made: number[] = []
      for (const title of ['First', 'Second', 'Third'])
        made.push((await api.course({ title, category: 'Paging' })).id)
      const first = await api.visitor().get<Page<Course>>('/courses?category=Paging&limit=2')
      const rest = await api
        .visitor()
        .get<Page<Course>>(`/courses?category=Paging&limit=2&cursor=${first.body.nextCursor}`)
      expect([...first.body.items, ...rest.body.items].map(({ id }) => id)).toEqual(
        made.toReversed(),
      )
      expect(rest.body.nextCursor).toBeNull()
    })

    test('A visitor no longer finds a course that was just unpublished', async () => {
      const { visitor } = await api.member('instructor')
      const {
        body: { id },
      } = await visitor.post<Course>('/courses', { title: 'Underwater basket weaving', price: 0 })
      await visitor.post(`/courses/${id}/publish`)
      const search = () => api.visitor().get<SearchResult>('/search?q=underwater+basket+weaving')
      await eventually(
        async () => (await search()).body.hits.some(({ course }) => course.id === id),
        { timeoutMs: 60_000 },
      )
      await visitor.post(`/courses/${id}/unpublish`)
      expect((await search()).body.hits.filter(({ course }) => course.id === id)).toEqual([])
    })
  })
}
