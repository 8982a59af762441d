import type { Course, Page } from '@headwater/repositories'
import type { SearchResult } from '@headwater/search'
import { eventually } from '@headwater/testing'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Member, password, type Platform } from '../platform.ts'

/** What works while a store is down or the process is ending: the last suite of a platform. */
export function outages(platform: () => Platform): void {
  let api: Platform
  let course: Course
  let student: Member
  const patience = { timeoutMs: 60_000 }
  type Health = { status: string; stores: Record<string, { status: string }> }

  beforeAll(() => {
    api = platform()
  })
  beforeEach(async () => {
    course = await api.course({ title: 'Quilting' })
    student = await api.member()
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    for (const proxy of Object.values(api.proxies)) proxy.restore()
    if (api.services.stores.isClosing) return
    await eventually(async () => (await student.visitor.get('/me')).status === 200, patience)
    await eventually(async () => {
      const { body } = await api.monitor().get<Health>('/health/ready')
      expect(Object.values(body.stores).map(({ status }) => status)).not.toContain('down')
    }, patience)
  })

  describe('while Redis is down', () => {
    test('Without Redis, reads, searches and registrations work, and no session is valid or ended', async () => {
      api.proxies.redis.cut()
      const visitor = api.visitor()
      expect((await visitor.get<Course>(`/courses/${course.id}`)).body.title).toBe('Quilting')
      expect(
        (await visitor.get<Page<Course>>('/courses')).body.items.map(({ id }) => id),
      ).toContain(course.id)
      await eventually(async () => {
        const search = await visitor.get<SearchResult>('/search?q=quilting')
        expect([search.status, search.body.hits.map((hit) => hit.course.id)]).toEqual([
          200,
          [course.id],
        ])
      }, patience)
      expect(
        (await visitor.post('/users', { email: 'early@example.com', username: 'early', password }))
          .status,
      ).toBe(201)

      for (const path of ['/me', '/me/enrollments']) {
        const { status, headers, body } = await student.visitor.get(path)
        expect([status, headers.get('Retry-After'), body.error.type]).toEqual([
          503,
          '1',
          'store-unavailable',
        ])
      }
      expect((await student.visitor.post(`/courses/${course.id}/enrollments`)).status).toBe(503)
      expect(
        (await visitor.post('/sessions', { email: student.user.email, password })).status,
      ).toBe(503)

      await eventually(async () => {
        const ready = await api.monitor().get<Health>('/health/ready')
        expect([ready.status, ready.body.stores['redis']?.status]).toEqual([200, 'degraded'])
      }, patience)
      expect(
        (
          await api.services.enrollments.enroll({ userId: student.user.id, courseId: course.id })
        ).isOk(),
      ).toBe(true)

      api.proxies.redis.restore()
      await eventually(async () => (await student.visitor.get('/me')).status === 200, patience)
      expect((await visitor.get<Course>(`/courses/${course.id}`)).body.currentEnrollment).toBe(1)
    })
  })

  describe('while MongoDB is down', () => {
    test('Without MongoDB every request works', async () => {
      api.proxies.mongodb.cut()
      expect((await student.visitor.get(`/courses/${course.id}`)).status).toBe(200)
      expect((await student.visitor.post(`/courses/${course.id}/enrollments`)).status).toBe(201)
      expect((await student.visitor.get('/search?q=algebra')).status).toBe(200)
    })
  })

  describe('while PostgreSQL is down', () => {
    test('Without PostgreSQL writes are 503 with Retry-After, until it is back', async () => {
      api.proxies.postgres.cut()
      const visitor = api.visitor()
      const refused = await visitor.post('/users', {
        email: 'late@example.com',
        username: 'late',
        password,
      })
      expect([refused.status, refused.headers.get('Retry-After'), refused.body.error]).toEqual([
        503,
        '1',
        { type: 'store-unavailable', message: 'not available at the moment' },
      ])
      expect((await visitor.get('/health/live')).status).toBe(200)
      await eventually(async () => {
        const ready = await api.monitor().get<Health>('/health/ready')
        expect([ready.status, ready.body.stores['postgres']?.status]).toEqual([503, 'down'])
      }, patience)

      api.proxies.postgres.restore()
      await eventually(
        async () => (await api.monitor().get('/health/ready')).status === 200,
        patience,
      )
      await eventually(
        async () =>
          (await visitor.post('/users', { email: 'late@example.com', username: 'late', password }))
            .status === 201,
        patience,
      )
    })
  })

  test('Liveness asks no store, not even for the session', async () => {
    const sent = () => Object.values(api.proxies).map((proxy) => proxy.bytesToServer)
    // The relay and the drivers send something periodically: one try without it is enough.
    await eventually(async () => {
      const before = sent()
      expect((await student.visitor.get('/health/live')).status).toBe(200)
      expect(sent()).toEqual(before)
    })
  })

  test('A request whose client has gone is aborted', async () => {
    const { promise: aborted, resolve: abort } = Promise.withResolvers<void>()
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    vi.spyOn(api.services.enrollments, 'enroll').mockImplementation((_request, options) => {
      options?.signal?.addEventListener('abort', () => {
        abort()
      })
      begin()
      return new Promise(() => undefined) as never
    })
    const client = new AbortController()
    const answer = fetch(`${api.url}/courses/${course.id}/enrollments`, {
      method: 'POST',
      headers: { Cookie: student.visitor.cookie ?? '' },
      signal: client.signal,
    })
    await begun
    client.abort()
    await expect(answer).rejects.toThrow()
    await aborted
  })

  test('Readiness is false as soon as the stores begin to close', async () => {
    await eventually(
      async () => (await api.monitor().get('/health/ready')).status === 200,
      patience,
    )
    const closed = api.services.stores.close({ deadlineMs: 60_000 })
    expect((await api.monitor().get('/health/ready')).status).toBe(503)
    expect((await api.visitor().get('/health/live')).status).toBe(200)
    expect((await closed).isOk()).toBe(true)
  })
}
