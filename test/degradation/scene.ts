import { createRateLimiter, orThrow, type RateLimiter, type StartedSession } from '@headwater/core'
import type { Course, User } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import { MongoClient } from 'mongodb'
import { expect } from 'vitest'
import type { Platform } from '../platform.ts'

const patience = { timeoutMs: 20_000 }

/** What is there before an outage, and what was done during it. */
export interface Scene {
  /** A course that is cached and indexed, and one that is in PostgreSQL only. */
  readonly cached: Course
  readonly uncached: Course
  /** A search whose result is cached, and a word of the same course. */
  readonly query: string
  readonly student: User
  readonly session: StartedSession
  /** A session that is there to be revoked. */
  readonly revocable: StartedSession
  readonly limiters: {
    readonly allow: RateLimiter
    readonly deny: RateLimiter
    readonly inMemory: RateLimiter
  }
  /** Who enrolled in `cached`, as far as a caller was told so. */
  readonly enrolled: number[]
  /** Ids of activities that were taken. */
  readonly recorded: string[]
  /** Tokens of sessions that were revoked. */
  readonly revoked: string[]
}

let scenes = 0

/** Sets a scene: rows, cache entries, an index in step, a session. */
export async function setScene(platform: Platform): Promise<Scene> {
  scenes += 1
  const { courses, search, sessions, stores } = platform
  const query = `lesson${String.fromCharCode(96 + scenes)}${'z'.repeat(scenes)}`
  const cached = await platform.offer({ title: `The ${query} course` })
  const uncached = await platform.offer({ title: `Another course ${scenes}` })
  const student = await platform.register()
  const [session, revocable] = [
    orThrow(await sessions.create({ userId: student.id })),
    orThrow(await sessions.create({ userId: student.id })),
  ]
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
    createRateLimiter(stores, { name: `scene-${scenes}-${onUnavailable}`, limit: 2, onUnavailable })
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
 * After an outage: the stores are up, nothing that was acknowledged is lost or there twice, nothing
 * is half done, and nothing old answers.
 */
export async function expectWhole(
  platform: Platform,
  { cached, enrolled, recorded, revoked, query }: Scene,
): Promise<void> {
  const { stores, courses, search, sessions, servers } = platform
  await eventually(async () => {
    expect(await stores.health()).toMatchObject({ status: 'up' })
    expect(stores.redis.runId).toBeDefined()
  }, patience)
  const { rows } = orThrow(
    await stores.postgres.query<{ user_id: number; current_enrollment: number }>(
      'SELECT user_id, current_enrollment FROM enrollments JOIN courses ON courses.id = course_id WHERE course_id = $1',
      [cached.id],
    ),
  )
  const students = rows.map((row) => row.user_id)
  expect(students).toEqual(expect.arrayContaining(enrolled))
  for (const row of rows) expect(row.current_enrollment).toBe(rows.length)
  await eventually(
    async () => expect(orThrow(await courses.get(cached.id))?.currentEnrollment).toBe(rows.length),
    patience,
  )
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
        .find({ event_type: 'scene.played', 'event_data.query': query })
        .toArray()
      expect(marks.map((mark) => String(mark._id)).sort()).toEqual([...recorded].sort())
      expect(await database.collection('search_logs').countDocuments({ query })).toBeGreaterThan(0)
    }, patience)
  } finally {
    await mongodb.close()
  }
  for (const token of revoked) expect(orThrow(await sessions.get(token))).toBeUndefined()
  await eventually(
    async () => expect(orThrow(await search.search(`${query} course`)).mode).toBe('hybrid'),
    patience,
  )
}
