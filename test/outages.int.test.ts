import { orThrow, ok, transaction } from '@headwater/core'
import { eventually, startMongodbStandIn } from '@headwater/testing'
import { MongoClient, type Document } from 'mongodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPlatform, type Platform } from './platform-fixture.ts'

const patience = { timeoutMs: 60_000 }
let platform: Platform

beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(async () => {
  await platform.close()
})

const logged = async (filter: Document): Promise<number> => {
  const client = await new MongoClient(platform.servers.mongodb.url).connect()
  try {
    return await client.db('learning').collection('enrollment_events').countDocuments(filter)
  } finally {
    await client.close()
  }
}

describe('an outage of Redis', () => {
  it('Without Redis, users register, enroll, read and search, and nothing stale is served later', async () => {
    const { users, courses, enrollments, search, sessions, servers } = platform
    const course = await platform.offer({ title: 'Bookkeeping for beginners', maxStudents: 2 })
    const first = await platform.register()
    const session = orThrow(await sessions.create({ userId: first.id }))
    expect(orThrow(await courses.get(course.id))?.currentEnrollment).toBe(0)
    await servers.redis.kill()

    const second = await platform.register()
    orThrow(await enrollments.enroll({ userId: first.id, courseId: course.id }))
    orThrow(await enrollments.enroll({ userId: second.id, courseId: course.id }))
    expect(
      (
        await enrollments.enroll({ userId: (await platform.register()).id, courseId: course.id })
      )._unsafeUnwrapErr().type,
    ).toBe('course-full')
    expect(orThrow(await users.get(second.id))).toEqual(second)
    expect(orThrow(await courses.get(course.id))?.currentEnrollment).toBe(2)
    expect(orThrow(await search.search('bookkeeping')).hits.map((hit) => hit.course.id)).toContain(
      course.id,
    )
    expect((await sessions.get(session.token))._unsafeUnwrapErr().type).toBe('store-unavailable')

    await servers.redis.restart()
    await eventually(() => expect(platform.stores.redis.isAvailable).toBe(true), patience)
    expect(orThrow(await courses.get(course.id))?.currentEnrollment).toBe(2)
    expect(
      orThrow(await enrollments.listForUser(first.id)).items.map((item) => item.course.id),
    ).toEqual([course.id])
  })
})

describe('an outage of MongoDB', () => {
  it('Without MongoDB, users register and enroll, and every event arrives once later', async () => {
    const { enrollments, servers } = platform
    const course = await platform.offer({ title: 'Watercolour landscapes' })
    await servers.mongodb.stop()
    const students = [await platform.register(), await platform.register()]
    for (const { id } of students)
      orThrow(
        await enrollments.enroll({
          userId: id,
          courseId: course.id,
          payment: { method: 'card', discount: '5.00' },
        }),
      )

    servers.mongodb = await startMongodbStandIn({
      port: servers.mongodb.port,
      store: servers.mongodb.store,
    })
    await eventually(async () => expect(await logged({ course_id: course.id })).toBe(2), patience)
    expect(await logged({ course_id: course.id, 'event_data.price_paid': 1500 })).toBe(2)
  })
})

describe('an outage of Pinecone and OpenAI', () => {
  it('Without Pinecone and OpenAI, a search goes by words alone, and the index catches up later', async () => {
    const { search, servers } = platform
    servers.pinecone.faults.cut()
    servers.openai.faults.cut()
    const course = await platform.offer({
      title: 'Sourdough at home',
      description: 'Wild yeast, long fermentation and a crust that sings.',
    })
    const found = orThrow(await search.search('sourdough'))
    expect(found).toMatchObject({ mode: 'lexical', degraded: [{ leg: 'dense' }] })
    expect(found.hits.map((hit) => hit.course.id)).toEqual([course.id])

    servers.pinecone.faults.restore()
    servers.openai.faults.restore()
    await eventually(async () => {
      const again = orThrow(await search.search('sourdough'))
      expect(again.mode).toBe('hybrid')
      expect(again.hits.find((hit) => hit.course.id === course.id)?.legs.dense).toBeDefined()
    }, patience)
  })
})

describe('an outage of PostgreSQL', () => {
  it('Without PostgreSQL, cached courses and sessions answer and writes fail as a whole', async () => {
    const { courses, users, enrollments, sessions, servers } = platform
    const course = await platform.offer({ title: 'Chamber music', maxStudents: 1 })
    const student = await platform.register()
    const session = orThrow(await sessions.create({ userId: student.id }))
    await eventually(async () => {
      orThrow(await courses.get(course.id))
      expect(await platform.stores.redis.client.get(`course:${course.id}`)).toMatch(/^v1 /)
    }, patience)
    await servers.postgres.kill()

    expect(orThrow(await courses.get(course.id))?.title).toBe('Chamber music')
    expect(orThrow(await sessions.get(session.token))?.userId).toBe(student.id)
    expect(
      (await enrollments.enroll({ userId: student.id, courseId: course.id }))._unsafeUnwrapErr()
        .type,
    ).toBe('store-unavailable')
    expect(
      (
        await users.create({ email: 'late@example.org', username: 'late', passwordHash: 'hash' })
      )._unsafeUnwrapErr().type,
    ).toBe('store-unavailable')
    expect(await platform.stores.isReady()).toBe(false)

    await servers.postgres.restart()
    await eventually(async () => expect(await platform.stores.isReady()).toBe(true), patience)
    const late = await eventually(
      async () => orThrow(await users.findByEmail('late@example.org')),
      patience,
    )
    expect(late).toBeUndefined()
    orThrow(await enrollments.enroll({ userId: student.id, courseId: course.id }))
    await eventually(async () => expect(await logged({ course_id: course.id })).toBe(1), patience)
  })
})

describe('a host that stays up', () => {
  it('A host survives PostgreSQL ending its idle connections and restarts of Redis and MongoDB', async () => {
    const { stores, servers } = platform
    const ended = orThrow(
      await stores.postgres.query<{ count: number }>(
        `SELECT count(pg_terminate_backend(pid))::int AS count FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()
           AND backend_type = 'client backend'`,
      ),
    )
    expect(ended.rows[0]?.count).toBeGreaterThan(0)
    await servers.redis.restart()
    await servers.mongodb.stop()
    servers.mongodb = await startMongodbStandIn({
      port: servers.mongodb.port,
      store: servers.mongodb.store,
    })
    await eventually(async () => expect((await stores.health()).status).toBe('up'), patience)
    expect(
      orThrow(
        await transaction(stores, async (tx) =>
          ok((await tx.query<{ one: number }>('SELECT 1 AS one')).rows[0]?.one),
        ),
      ),
    ).toBe(1)
  })
})
