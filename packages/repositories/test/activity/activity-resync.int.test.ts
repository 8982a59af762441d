import { orThrow, resync } from '@headwater/core'
import type { User } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  documents,
  openFixture,
  publishedEvents,
  type RepositoriesFixture,
} from '../repositories-fixture.ts'
import {
  collections,
  countsOf,
  expiryOf,
  moment,
  mongodbOf,
  ofActivity,
  written,
} from './resync-fixture.ts'

let app: RepositoriesFixture
let [alice, courseId]: [User, number] = [undefined as never, 0]

beforeEach(async () => {
  app = await openFixture()
  alice = await app.newUser()
  courseId = (await app.newCourse({ maxStudents: null })).id
})
afterEach(() => app.dispose())

const enroll = async (userId: number) =>
  orThrow(await app.enrollments.enroll({ userId, courseId, payment: { method: 'card' } }))

const view = (userId: number): string =>
  orThrow(
    app.activity.record({
      userId,
      type: 'page.viewed',
      data: { path: '/' },
      metadata: { ipAddress: '192.0.2.7', userAgent: 'Browser' },
    }),
  )

/**
 * Enrolls a user who registers after a moment and is lost: the rows are what a restore to the
 * moment would leave, and MongoDB is ahead of them.
 */
async function loseFuture(): Promise<{ readonly restoredTo: Date; readonly lost: User }> {
  await enroll(alice.id)
  view(alice.id)
  await written(app)
  await app.deliver()
  await moment()
  const restoredTo = await moment()
  const lost = await app.newUser()
  await enroll(lost.id)
  view(lost.id)
  const search = { query: 'algebra', resultsCount: 0, searchType: 'lexical', durationMs: 1 }
  orThrow(app.activity.logSearch({ userId: lost.id, ...search }))
  await written(app)
  await app.deliver()
  for (const text of [
    `DELETE FROM @schema.outbox WHERE created_at > $1`,
    `DELETE FROM @schema.enrollments WHERE enrolled_at > $1`,
    `DELETE FROM @schema.users WHERE created_at > $1`,
  ])
    orThrow(await app.stores.postgres.query(text, [restoredTo]))
  return { restoredTo, lost }
}

const naming = async (user: User, suffix = ''): Promise<number> => {
  const found = await Promise.all(collections.map((name) => documents(app, name + suffix)))
  return found.flat().filter((document) => document['user_id'] === user.id).length
}

const apply = async (restoredTo: Date, marginMs = 0) => {
  const openedAt = await moment()
  const parts = app.resyncables
  return orThrow(await resync(app.stores, { restoredTo, openedAt, marginMs, parts, apply: true }))
}

test('Documents of a lost future are set aside, all others stay, and a plan moves none', async () => {
  const before = await countsOf(app)
  expect(before[0]).toBe(0)
  const { restoredTo, lost } = await loseFuture()
  const [activities = 0, enrollments = 0, searches = 0] = await countsOf(app)
  // Registration and page view, enrollment, search.
  expect(await naming(lost)).toBe(4)
  const parts = app.resyncables
  const restore = { restoredTo, openedAt: await moment(), marginMs: 0, parts }

  const plan = ofActivity(orThrow(await resync(app.stores, restore)))
  expect(plan.map(({ count, outcome }) => [count, outcome])).toEqual([
    [3, 'set-aside'],
    [1, 'set-aside'],
    [1, 'set-aside'],
  ])
  expect(await countsOf(app)).toEqual([activities, enrollments, searches])
  const found = await mongodbOf(app).run('names', (database) => database.collections())
  expect(orThrow(found).filter((one) => one.collectionName.endsWith('_set_aside'))).toEqual([])

  const applied = orThrow(await resync(app.stores, { ...restore, apply: true }))
  expect(ofActivity(applied)).toEqual(plan)
  expect(await naming(lost)).toBe(0)
  expect(await countsOf(app)).toEqual([activities - 3, enrollments - 1, searches - 1])
  expect(await countsOf(app, '_set_aside')).toEqual([3, 1, 1])
  const [aside] = await documents(app, 'enrollment_events_set_aside')
  expect(aside).toMatchObject({
    course_id: courseId,
    event_type: 'enrollment.created',
    set_aside: { reason: 'of a future that was lost', restored_to: restoredTo },
  })

  const again = ofActivity(orThrow(await resync(app.stores, { ...restore, apply: true })))
  expect(again.map(({ count }) => count)).toEqual([0, 0, 0])
  expect(await countsOf(app, '_set_aside')).toEqual([3, 1, 1])
})

test('What was set aside of a user without a row tells nothing of a person', async () => {
  const { restoredTo, lost } = await loseFuture()
  view(alice.id)
  await written(app)
  // Registers after the opening, and is given the id of the lost one.
  orThrow(
    await app.stores.postgres.query(
      `INSERT INTO @schema.users (id, email, username, password_hash)
       VALUES ($1, 'stranger@example.com', 'stranger', 'x')`,
      [lost.id],
    ),
  )
  await apply(restoredTo)
  expect(await naming(lost, '_set_aside')).toBe(0)
  const activities = await documents(app, 'user_activity_set_aside')
  const views = activities.filter((document) => document['event_type'] === 'page.viewed')
  expect(views.map((document) => [document['user_id'], document['metadata']])).toEqual([
    [expect.any(Number), { ip_address: null, user_agent: null, referrer: null }],
    [alice.id, { ip_address: '192.0.2.7', user_agent: 'Browser', referrer: null }],
  ])
  const [search] = await documents(app, 'search_logs_set_aside')
  expect(search).not.toHaveProperty('query')
  const pseudonyms = [views[0], search].map((document) => Number(document?.['user_id']))
  expect(pseudonyms[0]).toBeLessThan(0)
  expect(pseudonyms[1]).toBe(pseudonyms[0])
})

test('Activity of the margin is set aside too, except for what the restored log holds', async () => {
  for (const edition of [1, 2])
    orThrow(
      await app.activity.recordDurably({
        userId: alice.id,
        type: 'terms.accepted',
        data: { edition },
      }),
    )
  const [kept = '', open = ''] = (await publishedEvents(app.stores))
    .filter(({ type }) => type === 'activity.recorded')
    .map(({ id }) => id)
  const viewed = view(alice.id)
  await written(app)
  await app.deliver()
  await moment()
  const restoredTo = await moment()
  // Its transaction began before the moment, and was committed after it.
  orThrow(await app.stores.postgres.query('DELETE FROM @schema.outbox WHERE id = $1', [open]))
  const ids = async (suffix = '') =>
    (await documents(app, `user_activity${suffix}`)).map(({ _id }) => _id)
  await apply(restoredTo)
  expect(await ids()).toEqual(expect.arrayContaining([kept, open, viewed]))
  await apply(restoredTo, 60_000)
  expect(await ids()).toContain(kept)
  expect(await ids('_set_aside')).toEqual(expect.arrayContaining([open, viewed]))
})

test('What happened since the opening stays, whatever the outbox has', async () => {
  const { restoredTo } = await loseFuture()
  await moment()
  const openedAt = await moment()
  const later = await app.newUser()
  await enroll(later.id)
  view(later.id)
  await written(app)
  await app.deliver()
  orThrow(await app.stores.postgres.query('DELETE FROM @schema.outbox'))
  const parts = app.resyncables
  orThrow(await resync(app.stores, { restoredTo, openedAt, marginMs: 0, parts, apply: true }))
  expect(await naming(later)).toBe(3)
})

test('A user who is erased later is not named by what was set aside either', async () => {
  const { restoredTo } = await loseFuture()
  view(alice.id)
  await written(app)
  await apply(restoredTo)
  expect(await naming(alice, '_set_aside')).toBe(1)
  orThrow(await app.users.delete(alice.id))
  await app.deliver()
  expect(await naming(alice)).toBe(0)
  expect(await naming(alice, '_set_aside')).toBe(0)
})

test('What was set aside expires, sooner where its collection does, and as configured since', async () => {
  const { restoredTo } = await loseFuture()
  await apply(restoredTo)
  expect(await expiryOf(app, 'user_activity_set_aside')).toEqual({ set_aside_retention: 90 })
  const retentionDays = { activity: 30, setAside: 60 }
  const another = await app.openAnother({ activity: { retentionDays } })
  orThrow(another.activity.record({ type: 'retention.set' }))
  await another.activity.flush()
  await eventually(async () => {
    expect(await expiryOf(app, 'user_activity_set_aside')).toEqual({
      retention: 30,
      set_aside_retention: 60,
    })
    expect(await expiryOf(app, 'search_logs_set_aside')).toEqual({ set_aside_retention: 60 })
  })
  await another.close()
})

test('The order by popularity is that of the restored rows', async () => {
  const { restoredTo } = await loseFuture()
  const key = `${app.stores.redis.keyPrefix}courses:popular`
  const score = async () =>
    orThrow(await app.stores.redis.run('score', (client) => client.zScore(key, String(courseId))))
  orThrow(
    await app.stores.postgres.query(
      'UPDATE @schema.courses SET current_enrollment = 1 WHERE id = $1',
      [courseId],
    ),
  )
  expect(await score()).toBe(2)
  await apply(restoredTo)
  expect(await score()).toBe(1)
})
