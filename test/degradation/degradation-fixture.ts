import { createRateLimiter, orThrow, type RateLimiter, type StartedSession } from '@headwater/core'
import type { Course, User } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import { MongoClient } from 'mongodb'
import { expect } from 'vitest'
import type { Platform } from '../platform-fixture.ts'

const patience = { timeoutMs: 60_000 }

/** The data from before an outage, and the record of operations during it. */
export interface DegradationFixture {
  /** A course that is cached and indexed, and one that is in PostgreSQL only. */
  readonly cached: Course
  readonly uncached: Course
  /** A search whose result is cached, and a word of the same course. */
  readonly query: string
  readonly student: User
  readonly session: StartedSession
  /** A session to revoke during the outage. */
  readonly revocable: StartedSession
  readonly limiters: {
    readonly allow: RateLimiter
    readonly deny: RateLimiter
    readonly inMemory: RateLimiter
  }
  /** Users whose enrollment in `cached` was acknowledged. */
  readonly enrolled: number[]
  /** Ids of acknowledged activities. */
  readonly recorded: string[]
  /** Tokens of revoked sessions. */
  readonly revoked: string[]
}

let fixtures = 0

/** Creates rows, cache entries, an index in sync and sessions. */
export async function openDegradationFixture(platform: Platform): Promise<DegradationFixture> {
  fixtures += 1
  const { courses, search, sessions, stores } = platform
  const query = `lesson${String.fromCharCode(96 + fixtures)}${'z'.repeat(fixtures)}`
  const cached = await eventually(() => platform.offer({ title: `The ${query} course` }), patience)
  const other = { title: `Another course ${fixtures}` }
  const uncached = await eventually(() => platform.offer(other), patience)
  const student = await eventually(() => platform.register(), patience)
  const begin = () =>
    eventually(async () => orThrow(await sessions.create({ userId: student.id })), patience)
  const [session, revocable] = [await begin(), await begin()]
  await eventually(async () => {
    const { mode, hits } = orThrow(await search.search(query))
    expect([
      mode,
      hits.some((hit) => hit.course.id === cached.id && hit.legs.dense !== undefined),
    ]).toEqual(['hybrid', true])
    orThrow(await courses.get(cached.id))
    expect(await stores.redis.client.get(`course:${cached.id}`)).toMatch(/^v1 /)
  }, patience)
  const limiter = (onUnavailable: 'allow' | 'deny' | 'in-memory') =>
    createRateLimiter(stores, {
      name: `degradation-${fixtures}-${onUnavailable}`,
      limit: 2,
      onUnavailable,
    })
  return {
    cached,
    uncached,
    query,
    student,
    session,
    revocable,
    enrolled: [],
    recorded: [],
    revoked: [],
    limiters: { allow: limiter('allow'), deny: limiter('deny'), inMemory: limiter('in-memory') },
  }
}

/**
 * Asserts the state after an outage: the stores are up, every acknowledged change exists exactly
 * once, no operation is half done, and no stale value is served.
 */
export async function expectWhole(platform: Platform, fixture: DegradationFixture): Promise<void> {
  const { stores, courses, search, sessions } = platform
  const { cached, enrolled, revoked, query } = fixture
  await eventually(async () => {
    expect(await stores.health()).toMatchObject({ status: 'up' })
    expect(stores.redis.runId).toBeDefined()
  }, patience)
  const { rows } = await eventually(
    async () =>
      orThrow(
        await stores.postgres.query<{ user_id: number; current_enrollment: number }>(
          `SELECT user_id, current_enrollment
           FROM enrollments JOIN courses ON courses.id = course_id WHERE course_id = $1`,
          [cached.id],
        ),
      ),
    patience,
  )
  const students = rows.map((row) => row.user_id)
  expect(students).toEqual(expect.arrayContaining(enrolled))
  for (const row of rows) expect(row.current_enrollment).toBe(rows.length)
  await eventually(
    async () => expect(orThrow(await courses.get(cached.id))?.currentEnrollment).toBe(rows.length),
    patience,
  )
  await expectDocuments(platform, fixture, students)
  for (const token of revoked) {
    const found = await eventually(async () => orThrow(await sessions.get(token)), patience)
    expect(found).toBeUndefined()
  }
  await eventually(
    async () => expect(orThrow(await search.search(`${query} course`)).mode).toBe('hybrid'),
    patience,
  )
}

async function expectDocuments(
  { servers }: Platform,
  { cached, recorded, query }: DegradationFixture,
  students: readonly number[],
): Promise<void> {
  const mongodb = await new MongoClient(servers.mongodb.url).connect()
  try {
    const database = mongodb.db('learning')
    await eventually(async () => {
      const events = await database
        .collection('enrollment_events')
        .find({ course_id: cached.id })
        .toArray()
      expect(events.map((event): unknown => event['user_id']).sort()).toEqual([...students].sort())
      const marks = await database
        .collection('user_activity')
        .find({ event_type: 'outage.played', 'event_data.query': query })
        .toArray()
      expect(marks.map((mark) => String(mark._id)).sort()).toEqual([...recorded].sort())
      expect(await database.collection('search_logs').countDocuments({ query })).toBeGreaterThan(0)
    }, patience)
  } finally {
    await mongodb.close()
  }
}
