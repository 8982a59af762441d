import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { createSessions, ok, orThrow, outbox, transaction } from '@headwater/core'
import type { OutboxEvent, Sessions, TransactionWork } from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import type { FaultProxy } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  documents,
  failureOf,
  openFixture,
  passwordHash,
  publishedEvents,
  redisContents,
} from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture
let sessions: Sessions
let redis: FaultProxy
let postgres: FaultProxy
beforeAll(async () => {
  fixture = await openFixture({
    connect: async (options, parts) => {
      redis = await faultProxy(parts.redis.url)
      postgres = await faultProxy(parts.postgres.url)
      return {
        ...options,
        postgres: { url: postgres.url, connectTimeoutMs: 10_000 },
        redis: { ...options.redis, url: redis.url },
      }
    },
  })
  sessions = createSessions(fixture.stores)
})
afterAll(async () => {
  await fixture.dispose()
  await Promise.all([redis.close(), postgres.close()])
})

const newHash = `${passwordHash}/new`
const signIn = async (userId: number) => orThrow(await sessions.create({ userId })).token
const isSignedIn = async (token: string) => orThrow(await sessions.get(token)) !== undefined
const eventsOf = async (type: string, userId: number) =>
  (await publishedEvents(fixture.stores)).filter(
    (event) => event.type === type && event.aggregateId === String(userId),
  )
const countOf = async (courseId: number) =>
  orThrow(await fixture.courses.get(courseId))?.currentEnrollment
const places = async (courseId: number) =>
  orThrow(
    await fixture.stores.postgres.query(
      'SELECT user_id FROM @schema.enrollments WHERE course_id = $1',
      [courseId],
    ),
  ).rows.length

describe('users.findByUsername', () => {
  test('findByUsername ignores the case', async () => {
    const user = await fixture.newUser({ username: 'Findable One' })
    expect(orThrow(await fixture.users.findByUsername('Findable One'))).toStrictEqual(user)
    expect(orThrow(await fixture.users.findByUsername('findable ONE'))).toStrictEqual(user)
    expect(orThrow(await fixture.users.findByUsername('findable'))).toBeUndefined()
  })
})

describe('users.list', () => {
  test('A walk through the list meets every user once, newest first, while others register', async () => {
    const ids: number[] = []
    for (let n = 0; n < 7; n += 1) ids.push((await fixture.newUser({ role: 'lister' })).id)
    const seen: number[] = []
    for (let cursor: string | undefined; ;) {
      const page = orThrow(await fixture.users.list({ role: 'lister', limit: 3, cursor }))
      seen.push(...page.items.map(({ id }) => id))
      expect(page.items.every(({ role }) => role === 'lister')).toBe(true)
      await fixture.newUser({ role: 'lister' })
      if (page.nextCursor === null) break
      cursor = page.nextCursor
    }
    expect(seen).toEqual(ids.reverse())
  })

  test('A list without a role has every user and no password hash', async () => {
    const { id } = await fixture.newUser({ role: 'anything' })
    const { items } = orThrow(await fixture.users.list({ limit: 200 }))
    expect(items.map((user) => user.id)).toContain(id)
    expect(JSON.stringify(items)).not.toContain(passwordHash)
    expect(orThrow(await fixture.users.list({ role: 'nobody' }))).toEqual({
      items: [],
      nextCursor: null,
    })
  })
})

describe('users.changePassword', () => {
  test('A change of password changes the credentials and ends the sessions of this user only', async () => {
    const [user, neighbour] = [await fixture.newUser(), await fixture.newUser()]
    const [mine, other, theirs] = [
      await signIn(user.id),
      await signIn(user.id),
      await signIn(neighbour.id),
    ]
    const changed = orThrow(await fixture.users.changePassword(user.id, newHash))
    expect(changed).toStrictEqual({ ...user, version: 2, updatedAt: changed.updatedAt })
    expect(orThrow(await fixture.users.credentials(user.email))?.passwordHash).toBe(newHash)
    expect(await Promise.all([mine, other, theirs].map(isSignedIn))).toEqual([false, false, true])
    expect(await isSignedIn(await signIn(user.id))).toBe(true)
    expect(orThrow(await fixture.users.get(user.id))).toStrictEqual(changed)
    const events = await eventsOf('user.password-changed', user.id)
    expect(events).toMatchObject([{ version: 2, payload: { userId: user.id } }])
    expect(inspect([events, await redisContents(fixture)], { depth: null })).not.toContain(
      passwordHash,
    )
  })

  test('A change of password of an unknown user is not-found and ends no session', async () => {
    const token = await signIn(999_999)
    expect(failureOf(await fixture.users.changePassword(999_999, newHash))).toMatchObject({
      type: 'not-found',
      id: '999999',
    })
    expect(await isSignedIn(token)).toBe(true)
  })

  test('A change of password succeeds while Redis is down, and the sessions have ended when it is back', async () => {
    const user = await fixture.newUser()
    const token = await signIn(user.id)
    redis.cut()
    orThrow(await fixture.users.changePassword(user.id, newHash))
    expect((await sessions.get(token)).isErr()).toBe(true)
    redis.restore()
    await eventually(
      async () => {
        expect((await sessions.get(token)).isOk()).toBe(true)
      },
      { intervalMs: 5, timeoutMs: 60_000 },
    )
    expect(await isSignedIn(token)).toBe(false)
  })
})

describe('users.delete', () => {
  test('A deleted user’s seats are released, and counts equal rows', async () => {
    const [full, other] = [await fixture.newCourse({ maxStudents: 2 }), await fixture.newCourse()]
    const [user, classmate, waiting] = [
      await fixture.newUser(),
      await fixture.newUser(),
      await fixture.newUser(),
    ]
    for (const [userId, courseId] of [
      [user.id, full.id],
      [user.id, other.id],
      [classmate.id, full.id],
    ] as const)
      orThrow(await fixture.enrollments.enroll({ userId, courseId }))
    expect([
      await countOf(full.id),
      orThrow(await fixture.courses.students(full.id)).items.length,
    ]).toEqual([2, 2])
    orThrow(await fixture.enrollments.listForUser(user.id))
    orThrow(await fixture.users.delete(user.id))
    expect([
      await countOf(full.id),
      await places(full.id),
      await countOf(other.id),
      await places(other.id),
    ]).toEqual([1, 1, 0, 0])
    expect(orThrow(await fixture.users.get(user.id))).toBeUndefined()
    expect(orThrow(await fixture.users.findByEmail(user.email))).toBeUndefined()
    expect(orThrow(await fixture.courses.students(full.id)).items.map(({ id }) => id)).toEqual([
      classmate.id,
    ])
    expect(orThrow(await fixture.enrollments.listForUser(user.id)).items).toEqual([])
    orThrow(await fixture.enrollments.enroll({ userId: waiting.id, courseId: full.id }))
    await fixture.deliver()
    await eventually(async () => {
      const score = orThrow(
        await fixture.stores.redis.run('score', (client) =>
          client.zScore(`${fixture.stores.redis.keyPrefix}courses:popular`, String(full.id)),
        ),
      )
      expect(score).toBe(2)
    })
  })

  test('A deletion ends the sessions, frees address and name, and is not-found the second time', async () => {
    const user = await fixture.newUser()
    const token = await signIn(user.id)
    orThrow(await fixture.users.delete(user.id))
    expect(await isSignedIn(token)).toBe(false)
    expect(failureOf(await fixture.users.delete(user.id))).toMatchObject({
      type: 'not-found',
      id: String(user.id),
    })
    orThrow(
      await fixture.users.create({ email: user.email, username: user.username, passwordHash }),
    )
    expect(await eventsOf('user.deleted', user.id)).toMatchObject([
      { version: 2, payload: { userId: user.id } },
    ])
  })

  test('The deletion of an instructor is refused as teaches-courses, with nothing half done', async () => {
    const teacher = await fixture.newUser({ role: 'instructor' })
    const course = await fixture.newCourse({ instructorId: teacher.id })
    const elsewhere = await fixture.newCourse()
    orThrow(await fixture.enrollments.enroll({ userId: teacher.id, courseId: elsewhere.id }))
    const token = await signIn(teacher.id)
    expect(failureOf(await fixture.users.delete(teacher.id))).toMatchObject({
      type: 'teaches-courses',
      retryable: false,
    })
    expect([await countOf(elsewhere.id), await isSignedIn(token)]).toEqual([1, true])
    orThrow(await fixture.courses.delete(course.id))
    orThrow(await fixture.users.delete(teacher.id))
  })

  test('Deletions succeed beside enrollments into the same courses', async () => {
    const courses = await Promise.all([1, 2, 3].map(() => fixture.newCourse()))
    const users = await Promise.all(Array.from({ length: 12 }, () => fixture.newUser()))
    const patient = { deadlineMs: 60_000 }
    const enroll = (userId: number) =>
      courses.map(({ id: courseId }) => fixture.enrollments.enroll({ userId, courseId }))
    for (const { id } of users.slice(0, 6))
      for (const result of await Promise.all(enroll(id))) orThrow(result)
    const [deleted, enrolled] = await Promise.all([
      Promise.all(users.slice(0, 6).map(({ id }) => fixture.users.delete(id, patient))),
      Promise.all(users.slice(6).flatMap(({ id }) => enroll(id))),
    ])
    expect([...deleted, ...enrolled].filter((result) => result.isErr())).toEqual([])
    for (const { id } of courses) expect([await countOf(id), await places(id)]).toEqual([6, 6])
  })
})

describe('what a deleted user did', () => {
  async function busyUser() {
    const course = await fixture.newCourse()
    const [user, friend] = [
      await fixture.newUser({ fullName: 'Erase Me' }),
      await fixture.newUser(),
    ]
    const metadata = {
      ipAddress: '203.0.113.9',
      userAgent: 'Erasable/1.0',
      referrer: 'https://erase.example',
    }
    orThrow(
      fixture.activity.record({
        userId: user.id,
        type: 'course.viewed',
        data: { courseId: course.id },
        metadata,
      }),
    )
    orThrow(await fixture.activity.recordDurably({ userId: user.id, type: 'a.durable' }))
    orThrow(
      fixture.activity.logSearch({
        userId: user.id,
        query: 'algebra',
        resultsCount: 1,
        searchType: 'hybrid',
        durationMs: 3,
      }),
    )
    orThrow(await fixture.enrollments.enroll({ userId: user.id, courseId: course.id }))
    orThrow(
      await fixture.enrollments.transfer({
        courseId: course.id,
        fromUserId: user.id,
        toUserId: friend.id,
      }),
    )
    return { user, friend, course }
  }
  async function logged(events: OutboxEvent[]) {
    const sink = fixture.sinks.find(({ name }) => name === 'activity-log')
    return (
      sink &&
      orThrow(await sink.handle(events, { signal: new AbortController().signal, fence: () => 1n }))
    )
  }
  const everything = async () => [
    ...(await documents(fixture, 'user_activity')),
    ...(await documents(fixture, 'search_logs')),
    ...(await documents(fixture, 'enrollment_events')),
  ]
  const speaksOf = (document: Awaited<ReturnType<typeof everything>>[number], id: number) =>
    document['user_id'] === id ||
    (document['event_data'] as Record<string, unknown> | undefined)?.['from_user_id'] === id

  test('A deleted user’s activity bears one pseudonym in every collection, whenever it is written', async () => {
    const { user, friend } = await busyUser()
    await fixture.activity.flush()
    await fixture.deliver()
    const before = (await everything()).filter((document) => speaksOf(document, user.id)).length
    expect(before).toBeGreaterThanOrEqual(6)
    orThrow(await fixture.users.delete(user.id))
    await fixture.deliver()
    // Another process had it in its buffer, or a relay in its hands.
    orThrow(
      fixture.activity.record({
        userId: user.id,
        type: 'a.late',
        metadata: { ipAddress: '203.0.113.9' },
      }),
    )
    await fixture.activity.flush()
    const late = (await publishedEvents(fixture.stores)).filter(
      ({ type, payload }) =>
        type === 'enrollment.transferred' && Object.values(payload as object).includes(user.id),
    )
    await logged(late.map((event) => ({ ...event, id: randomUUID() })))
    expect(
      (await documents(fixture, 'enrollment_events')).filter((document) =>
        speaksOf(document, user.id),
      ),
    ).toEqual([])
    await eventually(
      async () => {
        expect((await everything()).filter((document) => speaksOf(document, user.id))).toEqual([])
      },
      { timeoutMs: 60_000 },
    )
    const [event] = await eventsOf('user.deleted', user.id)
    const { pseudonym } = event?.payload as { pseudonym: number }
    const after = (await everything()).filter((document) => speaksOf(document, pseudonym))
    expect(after.length).toBeGreaterThan(before)
    expect(inspect(after, { depth: null })).not.toMatch(
      /203\.0\.113\.9|Erasable|erase\.example|Erase Me/,
    )
    expect((await everything()).some((document) => speaksOf(document, friend.id))).toBe(true)
  })

  test('Late activity is pseudonymised without another write when PostgreSQL could not answer at first', async () => {
    const { id } = await fixture.newUser()
    orThrow(await fixture.users.delete(id))
    await fixture.deliver()
    await fixture.activity.flush()
    const failures: string[] = []
    const off = fixture.stores.diagnostics.on('store:error', ({ error }) => {
      failures.push((error as { operation?: string }).operation ?? '')
    })
    postgres.cut()
    orThrow(fixture.activity.record({ userId: id, type: 'a.late' }))
    await fixture.activity.flush()
    await eventually(
      () => {
        expect(failures).toContain('select user_erasure')
      },
      { timeoutMs: 60_000, intervalMs: 20 },
    )
    expect(
      (await documents(fixture, 'user_activity')).some((document) => speaksOf(document, id)),
    ).toBe(true)
    postgres.restore()
    off()
    await eventually(
      async () => {
        expect((await everything()).filter((document) => speaksOf(document, id))).toEqual([])
      },
      { timeoutMs: 60_000 },
    )
  })

  test('Spilled activity and dead letters of a deleted user bear the pseudonym and can be replayed', async () => {
    const { user, friend, course } = await busyUser()
    const { postgres } = fixture.stores
    const entry = {
      kind: 'activity',
      id: 'x',
      at: 0,
      userId: user.id,
      type: 'a.spilled',
      data: {},
      metadata: { ipAddress: '203.0.113.9' },
    }
    const own = (await publishedEvents(fixture.stores)).filter(({ payload }) =>
      [user.id].some((id) => Object.values(payload as object).includes(id)),
    )
    orThrow(
      await postgres.query(
        `INSERT INTO @schema.outbox_sink (sink, mode, types) VALUES ('broken', 'log', '{}') ON CONFLICT DO NOTHING`,
      ),
    )
    for (const { seq, createdAt, ...event } of own) {
      const values = [
        String(seq),
        event.aggregateType,
        event.aggregateId,
        { ...event, seq: String(seq), createdAt: createdAt.toISOString() },
      ]
      orThrow(
        await postgres.query(
          `INSERT INTO @schema.outbox_failure (
            sink, seq, shard, aggregatetype, aggregateid, event, status, fingerprint
          )
          VALUES ('broken', $1, 0, $2, $3, $4, 'dead', 'x')`,
          values,
        ),
      )
    }
    const spill = async () =>
      orThrow(
        await postgres.query<{ seq: string }>(
          `INSERT INTO @schema.activity_spill (origin, entry) VALUES (gen_random_uuid(), $1)
           RETURNING seq::text AS seq`,
          [entry],
        ),
      ).rows[0]?.seq
    const whileKept: TransactionWork<readonly { readonly entry: unknown }[], never> = async (
      tx,
    ) => {
      // A running process soon writes what another one has spilled, and deletes it.
      const id = await eventually(async () => {
        const seq = await spill()
        const lock = 'SELECT FROM @schema.activity_spill WHERE seq = $1 FOR KEY SHARE'
        return (await tx.query(lock, [seq])).rowCount === 1 && seq
      })
      orThrow(await fixture.users.delete(user.id))
      const kept = await postgres.query<{ entry: unknown }>(
        'SELECT entry FROM @schema.activity_spill WHERE seq = $1',
        [id],
      )
      return ok(orThrow(kept).rows)
    }
    const rows = orThrow(await transaction(fixture.stores, whileKept, { deadlineMs: 60_000 }))
    expect(rows).toMatchObject([{ entry: { userId: expect.any(Number) as number, metadata: {} } }])
    expect(inspect(rows, { depth: null })).not.toMatch(
      new RegExp(`userId: ${user.id}\\b|203\\.0\\.113`),
    )
    orThrow(await postgres.query(`DELETE FROM @schema.activity_spill WHERE entry ->> 'id' = 'x'`))
    const letters = orThrow(await outbox(fixture.stores).deadLetters.list({ sink: 'broken' }))
    expect(letters).toHaveLength(own.length)
    const payloads = letters.map(({ payload }) => payload as Record<string, number>)
    expect(
      payloads.flatMap((payload) => [
        payload['userId'],
        payload['fromUserId'],
        payload['toUserId'],
      ]),
    ).not.toContain(user.id)
    expect(
      payloads.some(
        (payload) =>
          payload['toUserId'] === friend.id &&
          (payload['fromUserId'] ?? 0) < 0 &&
          payload['courseId'] === course.id,
      ),
    ).toBe(true)
    const replayed = letters.map((letter, index): OutboxEvent => ({
      ...(own[index] as OutboxEvent),
      id: letter.eventId,
      type: letter.eventType,
      payload: letter.payload,
    }))
    expect(await logged(replayed)).toEqual({ failed: [] })
  })
})
