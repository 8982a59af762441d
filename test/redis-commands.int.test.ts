import { createRateLimiter, orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { createClient } from '@redis/client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startPlatform, type Platform } from './platform-fixture.ts'

let platform: Platform

beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(async () => {
  await platform.close()
})

it('No request and no sink scans the keys of Redis', async () => {
  const { users, courses, enrollments, search, sessions, relay, stores } = platform
  const course = await platform.offer({ title: 'Machine learning fundamentals', maxStudents: 5 })
  const student = await platform.register()
  const friend = await platform.register()
  const limiter = createRateLimiter(stores, { name: 'api', limit: 10, windowMs: 60_000 })
  for (const _ of ['miss', 'hit']) {
    orThrow(await users.get(student.id))
    orThrow(await search.search('machine learning', { limit: 5, userId: student.id }))
    await limiter.take(String(student.id))
  }
  orThrow(await enrollments.enroll({ userId: student.id, courseId: course.id }))
  orThrow(await enrollments.listForUser(student.id))
  orThrow(
    await enrollments.transfer({
      courseId: course.id,
      fromUserId: student.id,
      toUserId: friend.id,
    }),
  )
  orThrow(await courses.update(course.id, { title: 'Machine learning, fundamentally' }))
  orThrow(await courses.unpublish(course.id))
  const { token } = orThrow(await sessions.create({ userId: student.id }))
  orThrow(await sessions.revoke(token))
  orThrow(await sessions.revokeAll(student.id))
  orThrow(await relay.drain({ deadlineMs: 60_000 }))
  orThrow(await courses.popular(5))

  await eventually(async () => {
    const stats = await commandStats()
    expect(stats).toContain('cmdstat_get')
    expect(stats).not.toMatch(/cmdstat_(keys|[hsz]?scan|flushdb|flushall)\b/)
  })
})

async function commandStats(): Promise<string> {
  const client = await createClient({ url: platform.servers.redis.url }).connect()
  try {
    return await client.info('commandstats')
  } finally {
    client.destroy()
  }
}
