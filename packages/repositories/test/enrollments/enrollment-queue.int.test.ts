import { connect, err, ok, orThrow, transaction } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { createRepositories } from '@headwater/repositories'
import type { Repositories } from '@headwater/repositories'
import { eventually, faultProxy } from '@headwater/testing'
import type { FaultProxy } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { takeSeats } from '../../src/enrollments/enroll-queries.ts'
import { failureOf, openFixture, publishedEvents } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture
let proxy: FaultProxy
/** Another process, connected without the proxy. */
let other: Repositories & { readonly stores: Stores }
beforeAll(async () => {
  fixture = await openFixture({
    connect: async (options, { postgres }) => {
      proxy = await faultProxy(postgres.url)
      return { ...options, postgres: { url: proxy.url, connectTimeoutMs: 10_000 } }
    },
  })
  // The database's own checks would hide a seat that is sold twice behind a failure.
  orThrow(await sql('ALTER TABLE @schema.courses DROP CONSTRAINT courses_capacity_check'))
  orThrow(await sql('ALTER TABLE @schema.courses DROP CONSTRAINT courses_seats_offered_check'))
  const stores = orThrow(
    await connect({ ...fixture.options, postgres: { url: fixture.parts.postgres.url } }),
  )
  const patient = { enrollments: { deadlineMs: 60_000 } }
  other = { ...createRepositories(stores, patient), stores }
})
afterAll(async () => {
  orThrow(await other.stores.close({ deadlineMs: 60_000 }))
  await fixture.dispose()
  await proxy.close()
})

const sql = (text: string, values: readonly unknown[] = []) =>
  fixture.stores.postgres.query(text, values)

async function countsOf(courseId: number): Promise<{ counted: number; rows: number }> {
  const {
    rows: [row],
  } = orThrow(
    await fixture.stores.postgres.query<{ counted: number; rows: number }>(
      `
    SELECT current_enrollment AS counted,
           (SELECT count(*)::integer FROM @schema.enrollments WHERE course_id = c.id) AS rows
    FROM @schema.courses AS c
    WHERE id = $1`,
      [courseId],
    ),
  )
  return row ?? { counted: -1, rows: -1 }
}

const typeOf = (result: { isOk(): boolean; error?: unknown }) =>
  result.isOk() ? 'ok' : (result as { error: { type: string } }).error.type

type LockedWork = (release: () => void) => Promise<void>

/** Keeps the lock that a statement takes while `work` runs, or until it releases it. */
async function whileHeld(statement: string, work: LockedWork): Promise<void> {
  const [isLocked, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const locking = transaction(
    other.stores,
    async (tx) => {
      await tx.query(statement)
      isLocked.resolve()
      await done.promise
      return err('released' as const)
    },
    { deadlineMs: 120_000 },
  )
  await isLocked.promise
  try {
    await work(() => {
      done.resolve()
    })
  } finally {
    done.resolve()
    failureOf(await locking)
  }
}

/** Locks a course while `work` runs, as an editor with an open transaction does. */
const whileLocked = (courseId: number, work: LockedWork) =>
  whileHeld(`SELECT FROM @schema.courses WHERE id = ${courseId} FOR UPDATE`, work)

describe('places', () => {
  test('Two processes never sell a seat twice, and every answer is true', async () => {
    for (const places of [1, 7, 20, 33]) {
      const [{ id: courseId }, users] = [
        await fixture.newCourse({ maxStudents: places }),
        await fixture.manyUsers(40),
      ]
      const asked = [...users, ...users.slice(0, 15)].sort(() => Math.random() - 0.5)
      const results = await Promise.all(
        asked.flatMap((userId) =>
          [fixture, other].map(async ({ enrollments }) => ({
            userId,
            type: typeOf(await enrollments.enroll({ userId, courseId })),
          })),
        ),
      )
      const winners = results
        .filter((result) => result.type === 'ok')
        .map((result) => result.userId)
      expect(await countsOf(courseId)).toEqual({ counted: places, rows: places })
      expect(new Set(winners).size).toBe(places)
      expect(winners).toHaveLength(places)
      expect(new Set(results.map((result) => result.type))).toEqual(
        new Set(['ok', 'already-enrolled', 'course-full']),
      )
    }
  })

  test('The same statement without the lock before it sells seats twice, so the check can fail', async () => {
    await eventually(
      async () => {
        const [{ id: courseId }, users] = [
          await fixture.newCourse({ maxStudents: 5 }),
          await fixture.manyUsers(20),
        ]
        const takeWithoutLock = (stores: Stores, some: readonly number[]) =>
          transaction(stores, async (tx) => {
            const none = some.map(() => null)
            const courses = some.map(() => courseId)
            const discounts = some.map(() => '0')
            await tx.query(takeSeats, [some, courses, discounts, none, none, none, none])
            return ok(undefined)
          })
        await Promise.all([
          takeWithoutLock(fixture.stores, users.slice(0, 10)),
          takeWithoutLock(other.stores, users.slice(10)),
        ])
        expect((await countsOf(courseId)).rows).toBeGreaterThan(5)
      },
      { timeoutMs: 200_000 },
    )
  })

  test('Seats go to the callers who asked first', async () => {
    const [{ id: courseId }, users] = [
      await fixture.newCourse({ maxStudents: 130 }),
      await fixture.manyUsers(260),
    ]
    const types = await Promise.all(
      users.map(async (userId) => typeOf(await fixture.enrollments.enroll({ userId, courseId }))),
    )
    expect(types).toEqual(users.map((_, index) => (index < 130 ? 'ok' : 'course-full')))
  })
})

describe('enrollments at the same time', () => {
  test('Simultaneous enrollments into one course share a transaction, with one event each', async () => {
    const [{ id: courseId }, users] = [await fixture.newCourse(), await fixture.manyUsers(100)]
    const transactions: unknown[] = []
    const stop = fixture.stores.diagnostics.on('transaction:end', (end) => transactions.push(end))
    for (const result of await Promise.all(
      users.map((userId) => fixture.enrollments.enroll({ userId, courseId })),
    ))
      orThrow(result)
    stop()
    expect(transactions).toHaveLength(1)
    const events = (await publishedEvents(fixture.stores)).filter(
      (event) => event.aggregateId === String(courseId) && event.type === 'enrollment.created',
    )
    expect(events.map((event) => (event.payload as { userId: number }).userId)).toEqual(users)
  })

  test('Simultaneous enrollments get an answer each, whatever the others asked for', async () => {
    const [course, closed, [first = 0, second = 0, third = 0]] = [
      await fixture.newCourse({ maxStudents: 2, price: '10.00' }),
      await fixture.newCourse(),
      await fixture.manyUsers(3),
    ]
    orThrow(await fixture.courses.unpublish(closed.id))
    const results = await Promise.all(
      [
        { userId: first, courseId: course.id, payment: { method: 'card', discount: '10.01' } },
        { userId: first, courseId: course.id },
        { userId: first, courseId: course.id },
        { userId: 999_999, courseId: course.id },
        { userId: second, courseId: closed.id },
        { userId: second, courseId: 999_999 },
        { userId: second, courseId: course.id },
        { userId: third, courseId: course.id },
      ].map((request) => fixture.enrollments.enroll(request)),
    )
    expect(results.map(typeOf)).toEqual([
      'invalid-input',
      'ok',
      'already-enrolled',
      'not-found',
      'course-not-published',
      'not-found',
      'ok',
      'course-full',
    ])
  })

  test('Simultaneous enrollments do not fail because of one that the database refuses', async () => {
    const [{ id: courseId }, users] = [await fixture.newCourse(), await fixture.manyUsers(30)]
    const cursed = users[11] ?? 0
    orThrow(
      await sql(
        `CREATE FUNCTION @schema.refuse() RETURNS trigger LANGUAGE plpgsql
          AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$`,
      ),
    )
    orThrow(
      await sql(
        `CREATE TRIGGER refuse BEFORE INSERT ON @schema.enrollments FOR EACH ROW
          WHEN (NEW.user_id = ${cursed}) EXECUTE FUNCTION @schema.refuse()`,
      ),
    )
    const types = await Promise.all(
      users.map(async (userId) => typeOf(await fixture.enrollments.enroll({ userId, courseId }))),
    )
    expect(types).toEqual(users.map((userId) => (userId === cursed ? 'store-refused' : 'ok')))
    expect(await countsOf(courseId)).toEqual({ counted: 29, rows: 29 })
  })

  test('Enrollments into other courses do not wait for a course that another transaction locks', async () => {
    const [locked, free, another, [userId = 0]] = [
      await fixture.newCourse(),
      await fixture.newCourse(),
      await fixture.newCourse(),
      await fixture.manyUsers(1),
    ]
    await whileLocked(locked.id, async (release) => {
      let isAnswered = false
      const waiting = fixture.enrollments.enroll({ userId, courseId: locked.id }).map((place) => {
        isAnswered = true
        return place
      })
      orThrow(await fixture.enrollments.enroll({ userId, courseId: free.id }))
      orThrow(await fixture.enrollments.enroll({ userId, courseId: another.id }))
      expect(isAnswered).toBe(false)
      release()
      orThrow(await waiting)
    })
    expect(orThrow(await fixture.enrollments.listForUser(userId)).items).toHaveLength(3)
  })
})

describe('a caller', () => {
  test('A caller whose time ends before the turn learns that no seat was taken, and none is', async () => {
    const [{ id: courseId }, [first = 0, late = 0, gone = 0]] = [
      await fixture.newCourse(),
      await fixture.manyUsers(3),
    ]
    await whileLocked(courseId, async (release) => {
      const patient = fixture.enrollments.enroll({ userId: first, courseId })
      await eventually(async () => {
        expect(
          orThrow(
            await sql(
              "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            ),
          ).rowCount,
        ).toBe(1)
      })
      const abort = new AbortController()
      const answers = Promise.all([
        fixture.enrollments.enroll({ userId: late, courseId }, { deadlineMs: 30 }),
        fixture.enrollments.enroll({ userId: gone, courseId }, { signal: abort.signal }),
      ])
      abort.abort()
      for (const answer of await answers) {
        expect(failureOf(answer)).toMatchObject({
          type: 'deadline-exceeded',
          retryable: true,
          message: expect.stringContaining('no seat was taken') as string,
        })
      }
      release()
      orThrow(await patient)
    })
    expect(await countsOf(courseId)).toEqual({ counted: 1, rows: 1 })
  })

  test('A caller may wait for 30 days, longer than one timer can', async () => {
    const [{ id: courseId }, [userId = 0]] = [await fixture.newCourse(), await fixture.manyUsers(1)]
    const deadlineMs = 30 * 86_400_000
    let waiting: ReturnType<typeof fixture.enrollments.enroll> | undefined
    await whileLocked(courseId, async () => {
      waiting = fixture.enrollments.enroll({ userId, courseId }, { deadlineMs })
      const late = await fixture.enrollments.enroll({ userId, courseId }, { deadlineMs: 50 })
      expect(late._unsafeUnwrapErr().type).toBe('deadline-exceeded')
    })
    orThrow(await (waiting as NonNullable<typeof waiting>))
  })

  test('A caller whose time ends while the course is locked gets deadline-exceeded in time', async () => {
    const [{ id: courseId }, [userId = 0]] = [await fixture.newCourse(), await fixture.manyUsers(1)]
    await whileLocked(courseId, async () => {
      expect(
        failureOf(await fixture.enrollments.enroll({ userId, courseId }, { deadlineMs: 100 })),
      ).toMatchObject({ type: 'deadline-exceeded' })
    })
    expect(await countsOf(courseId)).toEqual({ counted: 0, rows: 0 })
  })
})

describe('a batch whose connection is lost during COMMIT', () => {
  beforeAll(async () => {
    orThrow(
      await sql(
        `CREATE FUNCTION @schema.wait_for_lock() RETURNS trigger LANGUAGE plpgsql
          AS $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END $$`,
      ),
    )
  })

  /** No batch can commit while `work` runs, or until it releases the lock. */
  const whileBlocked = (work: LockedWork) => whileHeld('SELECT pg_advisory_xact_lock(4711)', work)

  async function blockedBatch(): Promise<{ courseId: number; results: Promise<string[]> }> {
    const [{ id: courseId }, users] = [await fixture.newCourse(), await fixture.manyUsers(20)]
    orThrow(
      await other.stores.postgres.query(`
      CREATE CONSTRAINT TRIGGER wait_for_lock_${courseId}
      AFTER UPDATE ON @schema.courses DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW WHEN (NEW.id = ${courseId}) EXECUTE FUNCTION @schema.wait_for_lock()`),
    )
    const results = Promise.all(
      users.map(async (userId) => typeOf(await fixture.enrollments.enroll({ userId, courseId }))),
    )
    await eventually(async () => {
      expect(
        orThrow(
          await other.stores.postgres.query(
            `SELECT FROM pg_stat_activity
             WHERE datname = current_database() AND query = 'COMMIT' AND wait_event = 'advisory'`,
          ),
        ).rowCount,
      ).toBe(1)
    })
    return { courseId, results }
  }

  test('A batch whose connection is lost during COMMIT succeeds for all when it was committed', async () => {
    await whileBlocked(async (release) => {
      const { courseId, results } = await blockedBatch()
      proxy.hang()
      release()
      await eventually(async () => {
        expect(orThrow(await other.enrollments.listForCourse(courseId)).items).toHaveLength(20)
      })
      proxy.cut()
      proxy.restore()
      expect(new Set(await results)).toEqual(new Set(['ok']))
    })
  })

  test('A batch whose connection is lost during COMMIT fails for all when it was not committed', async () => {
    await whileBlocked(async () => {
      const { courseId, results } = await blockedBatch()
      proxy.cut()
      proxy.restore()
      expect(new Set(await results)).toEqual(new Set(['store-unavailable']))
      expect(await countsOf(courseId)).toEqual({ counted: 0, rows: 0 })
    })
  })
})
