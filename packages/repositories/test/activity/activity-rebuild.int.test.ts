import { createRelay, orThrow, rebuild, ResultAsync } from '@headwater/core'
import type { MongodbStore, Relay } from '@headwater/core'
import type { User } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rebuildDocuments } from '../../src/activity/resync/rebuilt-documents.ts'
import { Erasures } from '../../src/users/erasures.ts'
import {
  aDate,
  documents,
  failureOf,
  openFixture,
  type RepositoriesFixture,
} from '../repositories-fixture.ts'
import { collections, countsOf, expiryOf, moment, mongodbOf, ofActivity } from './resync-fixture.ts'

let app: RepositoriesFixture
let relay: Relay
let [alice, courseId]: [User, number] = [undefined as never, 0]

beforeEach(async () => {
  app = await openFixture({ repositories: { activity: { retentionDays: { searches: 30 } } } })
  relay = createRelay(app.stores, { sinks: app.sinks, tickMs: 5, maxPollMs: 20 })
  alice = await app.newUser()
  courseId = (await app.newCourse({ maxStudents: null })).id
})
afterEach(async () => {
  orThrow(await relay.stop())
  await app.dispose()
})

const enroll = async (userId: number) =>
  orThrow(await app.enrollments.enroll({ userId, courseId, payment: { method: 'card' } }))

const deliver = async () => orThrow(await relay.drain({ deadlineMs: 60_000 }))

const rebuildMongodb = (apply: boolean) =>
  rebuild(app.stores, { store: 'mongodb', parts: app.resyncables, apply })

const loseMongodb = async (): Promise<void> => {
  for (const name of [...collections, 'activity_rebuild'])
    orThrow(await mongodbOf(app).run('lose', (database) => database.collection(name).drop()))
}

/** Enrolls two users, of whom the outbox has forgotten the first; returns what MongoDB held. */
async function enrollTwo() {
  await enroll((await app.newUser()).id)
  await moment()
  const oldest = await moment()
  await enroll(alice.id)
  await deliver()
  const before = await documents(app, 'enrollment_events')
  expect(before).toHaveLength(2)
  return { oldest, before }
}

const purge = async (oldest: Date) =>
  orThrow(
    await app.stores.postgres.query('DELETE FROM @schema.outbox WHERE created_at < $1', [oldest]),
  )

test('Events of the outbox return as they were, older ones as far as rows tell', async () => {
  const { oldest, before } = await enrollTwo()
  await purge(oldest)
  await loseMongodb()

  const plan = ofActivity(orThrow(await rebuildMongodb(false)))
  expect(await countsOf(app)).toEqual([0, 0, 0])
  const report = ofActivity(orThrow(await rebuildMongodb(true)))
  expect(report).toEqual(plan)
  expect(report.filter(({ count }) => count !== undefined).map(({ count }) => count)).toEqual([
    1, 3, 1,
  ])
  await deliver()
  orThrow(await rebuildMongodb(true))
  await deliver()

  const after = await documents(app, 'enrollment_events')
  const [ofBob, ofAlice] = before
  expect(after).toHaveLength(2)
  expect(after).toContainEqual(ofAlice)
  // The event's time was rounded, the row's is cut off.
  const ofRow = { _id: expect.stringMatching(/^payment:/) as unknown, timestamp: aDate }
  expect(after).toContainEqual({ ...ofBob, ...ofRow })
})

test('A rebuild says what nothing brings back', async () => {
  const report = ofActivity(orThrow(await rebuildMongodb(false)))
  expect(report.filter(({ outcome }) => outcome === 'lost').map(({ what }) => what)).toEqual([
    'addresses and browsers of registrations',
    'older transfers and completions',
    'older withdrawals without a refund, enrollments without a price',
    'older activities that were recorded durably',
    'activities beside the outbox, searches and clicks',
  ])
})

test('A rebuild gives a new MongoDB indexes and retention, while processes are running', async () => {
  await enrollTwo()
  await eventually(async () => {
    expect(await expiryOf(app, 'search_logs')).toEqual({ retention: 30 })
  })
  await loseMongodb()
  orThrow(await rebuildMongodb(true))
  expect(await expiryOf(app, 'search_logs')).toEqual({ retention: 30 })
  const indexes = await mongodbOf(app).run('indexes', (database) =>
    database.collection('search_logs').indexes(),
  )
  expect(orThrow(indexes).map(({ key }) => key)).toContainEqual({ query: 1, timestamp: -1 })
})

test('A rebuild can be repeated once the purge has taken what it delivered', async () => {
  const { oldest } = await enrollTwo()
  await purge(oldest)
  await loseMongodb()
  orThrow(await rebuildMongodb(true))
  await deliver()
  const rebuilt = await countsOf(app)
  orThrow(
    await app.stores.postgres.query(
      `UPDATE @schema.outbox SET created_at = created_at + interval '1 hour'`,
    ),
  )
  orThrow(await rebuildMongodb(true))
  await deliver()
  expect(await countsOf(app)).toEqual(rebuilt)
})

test('An event that the purge takes meanwhile returns from its row', async () => {
  const { oldest, before } = await enrollTwo()
  await loseMongodb()
  const key = `hashtextextended('headwater.purge', '@schema.outbox'::regclass::oid::bigint)`
  const rebuilt = await app.stores.postgres.withConnection(async (purging) => {
    await purging.query('BEGIN')
    await purging.query(`SELECT pg_advisory_xact_lock(${key})`)
    await purging.query('DELETE FROM @schema.outbox WHERE created_at < $1', [oldest])
    const rebuilding = rebuildMongodb(true)
    await eventually(async () => {
      const { rows } = await app.stores.postgres.client.query(
        `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      )
      expect(rows).toHaveLength(1)
    })
    await purging.query('COMMIT')
    return rebuilding
  })
  orThrow(rebuilt)
  await deliver()
  const usersOf = (found: readonly object[]) =>
    found.map((document) => ('user_id' in document ? document.user_id : undefined))
  const after = await documents(app, 'enrollment_events')
  expect(usersOf(after).sort()).toEqual(usersOf(before).sort())
})

test('A user who is erased while the log is rebuilt is not named by it', async () => {
  await enroll(alice.id)
  const mongodb = mongodbOf(app)
  let isErased = false
  const erase = async (): Promise<void> => {
    if (isErased) return
    isErased = true
    orThrow(await app.users.delete(alice.id))
    await app.deliver(app.sinks.filter(({ name }) => name === 'user-erasure'))
  }
  const interrupted = Object.create(mongodb, {
    run: {
      value: (...[operation, use, options]: Parameters<MongodbStore['run']>) =>
        ResultAsync.fromSafePromise(erase()).andThen(() => mongodb.run(operation, use, options)),
    },
  }) as MongodbStore
  const erasures = new Erasures(app.stores, mongodb)
  const deps = { stores: app.stores, mongodb: interrupted, erasures, redactor: undefined }
  const before = new Date(Date.now() + 60_000).toISOString()
  orThrow(await rebuildDocuments(deps, before))
  expect(isErased).toBe(true)
  const found = [
    ...(await documents(app, 'user_activity')),
    ...(await documents(app, 'enrollment_events')),
  ]
  expect(found.length).toBeGreaterThan(0)
  expect(found.filter((document) => document['user_id'] === alice.id)).toEqual([])
})

test('A log that is still there is left alone, and a repetition changes nothing about that', async () => {
  await enroll(alice.id)
  await deliver()
  await moment()
  orThrow(await app.stores.postgres.query('DELETE FROM @schema.outbox'))
  const before = await countsOf(app)
  for (const apply of [false, true]) {
    const failure = failureOf(await rebuildMongodb(apply))
    expect(failure.message).toContain('not-lost')
    expect(failure.retryable).toBe(false)
  }
  expect(await countsOf(app)).toEqual(before)
})
