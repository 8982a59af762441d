import { orThrow, transaction } from '@headwater/core'
import type { CallOptions, ResultAsync } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { countOperations, failureOf, openFixture } from './repositories-fixture.ts'
import type { RepositoriesFixture } from './repositories-fixture.ts'

let fixture: RepositoriesFixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.dispose())

type Ask = (
  repositories: RepositoriesFixture,
  options: Required<Pick<CallOptions, 'signal'>>,
) => ResultAsync<unknown, { readonly type: string }>

const user = { email: 'late@example.com', username: 'late', passwordHash: 'x' }
const seat = { userId: 1, courseId: 1 }
const period = { from: new Date('2026-03-01'), to: new Date('2026-03-02') }
const operations: Readonly<Record<string, Ask>> = {
  'users.create': ({ users }, options) => users.create(user, options),
  'users.get': ({ users }, options) => users.get(1, options),
  'users.getMany': ({ users }, options) => users.getMany([1, 2], options),
  'users.findByEmail': ({ users }, options) => users.findByEmail(user.email, options),
  'users.findByUsername': ({ users }, options) => users.findByUsername('late', options),
  'users.list': ({ users }, options) => users.list(options),
  'users.credentials': ({ users }, options) => users.credentials(user.email, options),
  'users.update': ({ users }, options) => users.update(1, { username: 'other' }, options),
  'users.changePassword': ({ users }, options) => users.changePassword(1, 'y', options),
  'users.delete': ({ users }, options) => users.delete(1, options),
  'users.export': ({ users }, options) => users.export(1, options),
  'courses.create': ({ courses }, options) =>
    courses.create({ title: 'Late', instructorId: 1, price: '1' }, options),
  'courses.get': ({ courses }, options) => courses.get(1, options),
  'courses.getMany': ({ courses }, options) => courses.getMany([1, 2], options),
  'courses.list': ({ courses }, options) => courses.list(options),
  'courses.update': ({ courses }, options) => courses.update(1, { title: 'Other' }, options),
  'courses.publish': ({ courses }, options) => courses.publish(1, options),
  'courses.unpublish': ({ courses }, options) => courses.unpublish(1, options),
  'courses.delete': ({ courses }, options) => courses.delete(1, options),
  'courses.students': ({ courses }, options) => courses.students(1, options),
  'courses.popular': ({ courses }, options) => courses.popular(5, options),
  'enrollments.enroll': ({ enrollments }, options) => enrollments.enroll(seat, options),
  'enrollments.get': ({ enrollments }, options) => enrollments.get(seat, options),
  'enrollments.isEnrolled': ({ enrollments }, options) => enrollments.isEnrolled(seat, options),
  'enrollments.listForUser': ({ enrollments }, options) => enrollments.listForUser(1, options),
  'enrollments.listForCourse': ({ enrollments }, options) => enrollments.listForCourse(1, options),
  'enrollments.withdraw': ({ enrollments }, options) => enrollments.withdraw(seat, options),
  'enrollments.transfer': ({ enrollments }, options) =>
    enrollments.transfer({ courseId: 1, fromUserId: 1, toUserId: 2 }, options),
  'enrollments.recordProgress': ({ enrollments }, options) =>
    enrollments.recordProgress({ ...seat, progress: 50 }, options),
  'waitlist.join': ({ waitlist }, options) => waitlist.join(seat, options),
  'waitlist.leave': ({ waitlist }, options) => waitlist.leave(seat, options),
  'waitlist.get': ({ waitlist }, options) => waitlist.get(seat, options),
  'waitlist.listForUser': ({ waitlist }, options) => waitlist.listForUser(1, options),
  'waitlist.listForCourse': ({ waitlist }, options) => waitlist.listForCourse(1, options),
  'activity.list': ({ activity }, options) => activity.list(options),
  'activity.analytics': ({ activity }, options) =>
    activity.analytics.topQueries({ ...period, ...options }),
}

test.each(Object.entries(operations))(
  'A caller of %s that has aborted gets `deadline-exceeded`, and nothing is asked of a store',
  async (_, ask) => {
    const sent = await countOperations(fixture.stores, async () => {
      const failure = failureOf(await ask(fixture, { signal: AbortSignal.abort() }))
      expect(failure.type).toBe('deadline-exceeded')
    })
    // The guard of MongoDB reports a call that it refused.
    expect(sent.filter((operation) => !operation.startsWith('mongodb: '))).toEqual([])
  },
)

test('A write whose caller aborts while it waits for a lock changes nothing, in any store', async () => {
  const { stores, users } = fixture
  const { id, username } = await fixture.newUser()
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>()
  const { promise: isLocked, resolve: locked } = Promise.withResolvers<void>()
  const holder = transaction(
    stores,
    async (tx) => {
      await tx.query('SELECT FROM @schema.users WHERE id = $1 FOR UPDATE', [id])
      locked()
      await isOver
      return Promise.reject(new RangeError('only to hold the lock'))
    },
    { deadlineMs: 60_000 },
  )
  const held = expect(holder).rejects.toThrow('only to hold')
  await isLocked
  const controller = new AbortController()
  const update = users.update(id, { username: 'never' }, { signal: controller.signal })
  await waitsForLock()
  controller.abort()
  expect(failureOf(await update).type).toBe('deadline-exceeded')
  end()
  await held
  expect(orThrow(await users.get(id))).toMatchObject({ username, version: 1 })
  // The row is free again, and what the aborted one wanted is still possible.
  expect(orThrow(await users.update(id, { username: 'later' }))).toMatchObject({ version: 2 })
  expect(orThrow(await users.findByUsername('never'))).toBeUndefined()
})

async function waitsForLock(): Promise<void> {
  await eventually(async () => {
    const waiting = orThrow(
      await fixture.stores.postgres.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      ),
    )
    expect(waiting.rowCount).toBeGreaterThan(0)
  })
}
