import { ok, orThrow, transaction } from '@headwater/core'
import type { Freshness } from '@headwater/core'
import { startPostgresServer, startPostgresStandby } from '@headwater/testing'
import type { PostgresServer, PostgresStandby } from '@headwater/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { failureOf, openFixture } from './repositories-fixture.ts'
import type { RepositoriesFixture } from './repositories-fixture.ts'

let primary: PostgresServer
let standby: PostgresStandby
let fixture: RepositoriesFixture
let replicaReads = 0

beforeAll(async () => {
  primary = await startPostgresServer()
  standby = await startPostgresStandby(primary)
  fixture = await openFixture({
    connect: (options) => ({
      ...options,
      postgres: {
        url: primary.url,
        connectTimeoutMs: 60_000,
        replicas: [{ url: standby.url }],
        replicaLookEveryMs: 3_600_000,
        replicaPatienceMs: 60_000,
      },
    }),
  })
  fixture.stores.diagnostics.on('replica:read', () => {
    replicaReads += 1
  })
})
afterAll(async () => {
  await fixture.dispose()
  await standby.stop()
  await primary.stop()
})

/** Lists all there is, by each list that a replica may answer. */
async function listed(courseId: number, freshness?: Freshness) {
  const { courses, users, enrollments } = fixture
  const lists = await Promise.all([
    courses.list({ isPublished: true, freshness }),
    courses.list({ sort: 'popularity', category: 'Maths', freshness }),
    users.list({ freshness }),
    enrollments.listForCourse(courseId, { freshness }),
  ])
  return lists.map((list) => {
    if (list.isErr()) throw new Error(list.error.message)
    return list.value.items
  })
}

test('Lists of a replica are those of the primary, and have what their caller has just written', async () => {
  const course = await fixture.newCourse({ category: 'Maths' })
  orThrow(await fixture.courses.publish(course.id))
  const user = await fixture.newUser()
  orThrow(
    await fixture.enrollments.enroll({
      userId: user.id,
      courseId: course.id,
      payment: { method: 'credit_card' },
    }),
  )
  const after = orThrow(await fixture.stores.postgres.position())
  replicaReads = 0
  const ofReplica = await listed(course.id, { after })
  expect(replicaReads).toBeGreaterThanOrEqual(4)
  expect(ofReplica).toEqual(await listed(course.id))
  expect(ofReplica.map((items) => items.length)).toEqual([1, 1, expect.any(Number), 1])
})

test('A list within a transaction reads there, whatever its freshness', async () => {
  replicaReads = 0
  const users = await transaction(fixture.stores, async (tx) => {
    await tx.query('DELETE FROM @schema.enrollments')
    await tx.query('DELETE FROM @schema.courses')
    await tx.query('DELETE FROM @schema.users')
    return ok(await fixture.users.list({ tx, freshness: { maxLagMs: 600_000 } }))
  })
  expect(orThrow(orThrow(users)).items).toEqual([])
  expect(replicaReads).toBe(0)
})

test('A list with a position that is none is refused by its field', async () => {
  const failure = failureOf(await fixture.courses.list({ freshness: { after: 'yesterday' } }))
  expect(failure).toMatchObject({ type: 'invalid-input', field: 'freshness.after' })
})
