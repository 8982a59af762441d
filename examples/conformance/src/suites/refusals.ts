import type { Course } from '@headwater/repositories'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Member, password, type Platform } from '../platform.ts'

const newCourse = { title: 'Geometry', price: '20.00' }

export function refusals(platform: () => Platform): void {
  let api: Platform
  let student: Member
  let instructor: Member
  let course: Course
  beforeAll(async () => {
    api = platform()
    student = await api.member('student')
    instructor = await api.member('instructor')
    course = await api.course({ price: '49.00' })
  })

  describe('400 names the field', () => {
    const user = { email: 'new@example.com', username: 'new', password }

    const badInputs: readonly (readonly [
      method: string,
      path: string,
      body: unknown,
      field: string,
    ])[] = [
      ['POST', '/users', { ...user, email: 'nobody' }, 'email'],
      ['POST', '/users', { ...user, email: 5 }, 'email'],
      ['POST', '/users', { ...user, username: ' ' }, 'username'],
      ['POST', '/users', { ...user, password: 'short' }, 'password'],
      ['POST', '/users', { ...user, role: 'admin' }, 'role'],
      ['POST', '/users', { ...user, isAdmin: true }, 'isAdmin'],
      ['POST', '/users', { email: user.email, password }, 'username'],
      ['POST', '/users', undefined, 'email'],
      ['POST', '/users', [], 'body'],
      ['POST', '/users', '{"email":', 'body'],
      ['POST', '/sessions', { email: 'nobody', password }, 'email'],
      ['POST', '/sessions', { email: user.email }, 'password'],
      ['GET', '/courses?limit=-1', undefined, 'limit'],
      ['GET', '/courses?limit=0', undefined, 'limit'],
      ['GET', '/courses?limit=many', undefined, 'limit'],
      ['GET', '/courses?cursor=forged', undefined, 'cursor'],
      ['GET', '/courses?colour=red', undefined, 'colour'],
      ['GET', '/courses/NaN', undefined, 'id'],
      ['GET', '/courses/0', undefined, 'id'],
      ['GET', '/courses/9999999999', undefined, 'id'],
      ['GET', '/search', undefined, 'q'],
      ['GET', '/search?q=', undefined, 'q'],
      ['GET', '/search?q=!!!', undefined, 'q'],
      ['GET', '/search?q=a&q=b', undefined, 'q'],
      ['GET', '/search?q=algebra&limit=-5', undefined, 'limit'],
      ['GET', '/search?q=algebra&limit=1000', undefined, 'limit'],
      ['GET', '/search?q=algebra&minPrice=cheap', undefined, 'minPrice'],
      ['GET', '/search?q=algebra&minPrice=20&maxPrice=10', undefined, 'minPrice'],
      ['GET', '/search?q=algebra&hasSeats=perhaps', undefined, 'hasSeats'],
      ['POST', '/search/none/clicks', { courseId: 1, position: 1, proof: '' }, 'searchId'],
      [
        'POST',
        '/search/0198c0de-0000-7000-8000-000000000000/clicks',
        { courseId: 1, position: 0, proof: '' },
        'position',
      ],
      ['POST', '/courses', { ...newCourse, price: '-1' }, 'price'],
      ['POST', '/courses', { ...newCourse, price: 0.1 + 0.2 }, 'price'],
      ['POST', '/courses', { ...newCourse, maxStudents: -1 }, 'maxStudents'],
      ['POST', '/courses', { ...newCourse, maxStudents: 2.5 }, 'maxStudents'],
      ['POST', '/courses', { ...newCourse, title: '' }, 'title'],
      ['POST', '/courses', { ...newCourse, instructorId: 1 }, 'instructorId'],
      [
        'POST',
        '/courses/:course/enrollments',
        { payment: { method: 'credit_card', coupon: 'FREE' } },
        'payment.coupon',
      ],
      [
        'POST',
        '/courses/:course/enrollments',
        { payment: { coupon: 'WELCOME' } },
        'payment.method',
      ],
      ['POST', '/courses/:course/enrollments/offers', {}, 'toUserId'],
      ['POST', '/courses/:course/enrollments/offers', { toUserId: '2' }, 'toUserId'],
      ['POST', '/enrollments/accept', { courseId: 1, fromUserId: 1, enrollmentId: 1 }, 'proof'],
      ['PUT', '/me/email', { email: 'nobody', password }, 'email'],
      ['PUT', '/me/email', { email: 'new@example.com' }, 'password'],
      ['PATCH', '/me', { role: 'instructor' }, 'role'],
      ['PATCH', '/me', {}, 'changes'],
      ['GET', '/me/enrollments?limit=1e3', undefined, 'limit'],
    ]

    test.each(badInputs)(
      '%s %s with %j is a 400 that names %s',
      async (method, path, body, field) => {
        const { status, body: answer } = await instructor.visitor.send(
          method,
          path.replace(':course', String(course.id)),
          body,
        )
        expect(answer.error).toMatchObject({ type: 'invalid-input', field })
        expect(status).toBe(400)
        expect(answer.error.issues?.[0]).toEqual({ field, message: expect.any(String) as string })
      },
    )

    const missing = [
      ['/users', { username: 'new', password }, 'email: is required'],
      ['/sessions', { email: 'new@example.com' }, 'password: is required'],
      ['/users', { email: 5, username: 'new', password }, 'email: must be a text'],
      ['/users', [], 'body: must be an object'],
    ] as const

    test.each(missing)('POST %s with %j is a 400 that says "%s"', async (path, body, message) => {
      const answer = await api.visitor().post(path, body)
      expect([answer.status, answer.body.error.message]).toEqual([400, message])
    })

    test('An offer of a seat to oneself is a 400 that names toUserId', async () => {
      const { status, body } = await student.visitor.post(
        `/courses/${course.id}/enrollments/offers`,
        { toUserId: student.user.id },
      )
      expect([status, body.error.field]).toEqual([400, 'toUserId'])
    })
  })

  describe('401', () => {
    const privateRoutes = [
      ['GET', '/me'],
      ['PATCH', '/me'],
      ['GET', '/me/enrollments'],
      ['POST', '/courses'],
      ['PATCH', '/courses/1'],
      ['DELETE', '/courses/1'],
      ['POST', '/courses/1/publish'],
      ['POST', '/courses/1/enrollments'],
      ['DELETE', '/courses/1/enrollments'],
      ['POST', '/courses/1/enrollments/offers'],
      ['POST', '/enrollments/accept'],
      ['PUT', '/me/password'],
      ['PUT', '/me/email'],
      ['PUT', '/users/1/role'],
      ['PATCH', '/courses/1/students/1'],
      ['DELETE', '/sessions'],
      ['DELETE', '/me'],
      ['GET', '/health/ready'],
      ['GET', '/metrics'],
    ] as const

    test.each(privateRoutes)('%s %s without a session is a 401', async (method, path) => {
      const { status, body } = await api
        .visitor()
        .send(method, path, method === 'GET' || method === 'DELETE' ? undefined : {})
      expect([status, body.error.type]).toEqual([401, 'not-signed-in'])
    })

    test('A wrong password and an unknown address have the same 401', async () => {
      const wrong = await api
        .visitor()
        .post('/sessions', { email: student.user.email, password: 'something else' })
      const unknown = await api
        .visitor()
        .post('/sessions', { email: 'nobody@example.com', password })
      expect([wrong.status, wrong.body]).toEqual([unknown.status, unknown.body])
      expect([wrong.status, wrong.body.error.type]).toEqual([401, 'wrong-credentials'])
    })

    test('A forged session cookie is a 401', async () => {
      const response = await fetch(`${api.url}/me`, {
        headers: { Cookie: `session=${'a'.repeat(43)}` },
      })
      expect(response.status).toBe(401)
    })
  })

  describe('403', () => {
    test('A student who creates a course gets a 403', async () => {
      const { status, body } = await student.visitor.post('/courses', { title: 'Mine', price: 0 })
      expect([status, body.error.type]).toEqual([403, 'forbidden'])
    })

    const routesOfTheInstructor = [
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/publish'],
      ['POST', '/unpublish'],
      ['GET', '/students'],
    ] as const

    test.each(routesOfTheInstructor)(
      "%s %s of another instructor's course is a 403",
      async (method, path) => {
        const { status } = await instructor.visitor.send(
          method,
          `/courses/${course.id}${path}`,
          method === 'PATCH' ? { title: 'Mine' } : undefined,
        )
        expect(status).toBe(403)
        expect((await api.visitor().get<Course>(`/courses/${course.id}`)).body.title).toBe(
          course.title,
        )
      },
    )
  })

  describe('404', () => {
    const unknownPaths = [
      ['GET', '/courses/2000000000'],
      ['POST', '/courses/2000000000/enrollments'],
      ['GET', '/nowhere'],
    ] as const

    test.each(unknownPaths)('%s %s is a 404', async (method, path) => {
      const { status, body } = await student.visitor.send(method, path)
      expect([status, body.error.type]).toEqual([404, 'not-found'])
    })
  })

  describe('409', () => {
    const takenFields = [
      ['email', 'email-taken'],
      ['username', 'username-taken'],
    ] as const

    test.each(takenFields)(
      'Registration with a taken %s is a 409 of type %s',
      async (field, type) => {
        const fresh = { email: 'fresh@example.com', username: 'fresh', password }
        const { status, body } = await api
          .visitor()
          .post('/users', { ...fresh, [field]: student.user[field] })
        expect([status, body.error.type]).toEqual([409, type])
      },
    )
  })

  describe('422', () => {
    test('Enrolling in an unpublished course is a 422', async () => {
      const {
        body: { id },
      } = await instructor.visitor.post<Course>('/courses', { title: 'Draft', price: 0 })
      const { status, body } = await student.visitor.post(`/courses/${id}/enrollments`)
      expect([status, body.error.type]).toEqual([422, 'course-not-published'])
    })

    test('Progress of a user without an enrollment is a 422', async () => {
      const { body: own } = await instructor.visitor.post<Course>('/courses', newCourse)
      const { status, body } = await instructor.visitor.patch(
        `/courses/${own.id}/students/${student.user.id}`,
        { progress: 5 },
      )
      expect([status, body.error.type]).toEqual([422, 'not-enrolled'])
    })

    test('An offer of a seat that one does not have is a 422', async () => {
      const { status, body } = await instructor.visitor.post(
        `/courses/${course.id}/enrollments/offers`,
        { toUserId: student.user.id },
      )
      expect([status, body.error.type]).toEqual([422, 'not-enrolled'])
    })
  })

  test('A body that is too large is a 413', async () => {
    const { status, body } = await api.visitor().post('/users', { email: 'a'.repeat(100_000) })
    expect([status, body.error.type]).toEqual([413, 'body-too-large'])
  })
}
