import { defineSink, okAsync, orThrow, outbox } from '@headwater/core'
import type { OutboxEvent, SinkReport } from '@headwater/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openFixture, publishedEvents } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture
beforeAll(async () => {
  fixture = await openFixture({ repositories: { erasures: { retentionDays: 2 } } })
  orThrow(
    await fixture.stores.postgres.query(
      `INSERT INTO @schema.outbox_sink (sink, mode, types)
       VALUES ('crm', 'log', '{}'), ('user-erasure', 'log', '{}')`,
    ),
  )
})
afterAll(() => fixture.dispose())

const eventsOf = async (userId: number) =>
  (await publishedEvents(fixture.stores)).filter(({ payload }) =>
    Object.values(payload as object).includes(userId),
  )

/** Parks an event as a dead letter of a sink, as a relay does. */
async function park(sink: string, { seq, createdAt, ...event }: OutboxEvent): Promise<void> {
  const parked = { ...event, seq: String(seq), createdAt: createdAt.toISOString() }
  orThrow(
    await fixture.stores.postgres.query(
      `INSERT INTO @schema.outbox_failure (
         sink, seq, shard, aggregatetype, aggregateid, event, status, fingerprint
       )
       VALUES ($1, $2, 0, $3, $4, $5, 'dead', 'x')`,
      [sink, parked.seq, event.aggregateType, event.aggregateId, parked],
    ),
  )
}

async function handle(name: string, events: readonly OutboxEvent[]): Promise<SinkReport> {
  const sink = fixture.sinks.find((candidate) => candidate.name === name) ?? unknownSink
  const context = { signal: new AbortController().signal, fence: () => 1n }
  return orThrow(await sink.handle(events, context))
}
const unknownSink = defineSink({
  name: 'unknown',
  types: ['*'],
  mode: 'log',
  handle: () => okAsync({ failed: [] }),
})

const lettersOf = async (sink: string) =>
  orThrow(await outbox(fixture.stores).deadLetters.list({ sink }))

test('A parked user.deleted keeps the id of the user, for the erasure of every sink', async () => {
  const user = await fixture.newUser()
  orThrow(await fixture.users.delete(user.id))
  const deleted = (await eventsOf(user.id)).filter(({ type }) => type === 'user.deleted')
  for (const sink of ['crm', 'user-erasure']) for (const event of deleted) await park(sink, event)
  expect(await handle('user-erasure', deleted)).toEqual({ failed: [] })
  for (const sink of ['crm', 'user-erasure'])
    expect((await lettersOf(sink)).map(({ payload }) => payload)).toContainEqual(
      deleted[0]?.payload,
    )
})

test('An event that is parked after the deletion of its user bears the pseudonym', async () => {
  const [user, course] = [await fixture.newUser(), await fixture.newCourse()]
  orThrow(await fixture.enrollments.enroll({ userId: user.id, courseId: course.id }))
  const before = await eventsOf(user.id)
  orThrow(await fixture.users.delete(user.id))
  for (const event of before) await park('crm', event)
  const parked = (await lettersOf('crm')).filter(({ eventId }) =>
    before.some(({ id }) => id === eventId),
  )
  expect(parked.map(({ eventType }) => eventType).sort()).toEqual([
    'enrollment.created',
    'user.registered',
  ])
  for (const { payload } of parked) {
    expect((payload as { userId: number }).userId).toBeLessThan(0)
    expect(Object.keys(payload as object).length).toBeGreaterThan(1)
  }
})

test('A user.deleted that cannot be read is a failure, and its siblings are delivered', async () => {
  const user = await fixture.newUser()
  orThrow(await fixture.users.delete(user.id))
  const [whole] = (await eventsOf(user.id)).filter(({ type }) => type === 'user.deleted')
  if (whole === undefined) throw new Error('no user.deleted was published')
  const broken = { ...whole, id: 'broken', payload: { userId: -5, pseudonym: -5 } }
  const report = await handle('user-erasure', [broken, whole])
  expect(report.failed).toMatchObject([
    { id: 'broken', failure: { type: 'sink-failed', retryable: false } },
  ])
})

test('An event of popularity whose aggregate is no course fails alone', async () => {
  const course = await fixture.newCourse()
  const [event] = (await publishedEvents(fixture.stores)).filter(
    ({ type, aggregateId }) => type === 'course.published' && aggregateId === String(course.id),
  )
  if (event === undefined) throw new Error('no course.published was published')
  const broken = { ...event, id: 'broken', aggregateId: 'x' }
  expect((await handle('popularity', [broken, event])).failed).toMatchObject([
    { id: 'broken', failure: { retryable: false } },
  ])
})

test('The link from a deleted user to the pseudonym ends after the retention', async () => {
  const [old, fresh] = [await fixture.newUser(), await fixture.newUser()]
  orThrow(await fixture.users.delete(old.id))
  orThrow(await fixture.users.delete(fresh.id))
  orThrow(
    await fixture.stores.postgres.query(
      "UPDATE @schema.user_erasure SET erased_at = now() - interval '49 hours' WHERE user_id = $1",
      [old.id],
    ),
  )
  await fixture.deliver()
  const { rows } = orThrow(
    await fixture.stores.postgres.query<{ user_id: number }>(
      'SELECT user_id FROM @schema.user_erasure WHERE user_id = ANY ($1)',
      [[old.id, fresh.id]],
    ),
  )
  expect(rows).toEqual([{ user_id: fresh.id }])
})

test('The origin of a registration that no log takes ends after the retention', async () => {
  const metadata = { ipAddress: '192.0.2.1' }
  const [old, fresh] = [await fixture.newUser({ metadata }), await fixture.newUser({ metadata })]
  orThrow(
    await fixture.stores.postgres.query(
      "UPDATE @schema.user_origin SET registered_at = now() - interval '49 hours' WHERE user_id = $1",
      [old.id],
    ),
  )
  await handle('user-erasure', [])
  const { rows } = orThrow(
    await fixture.stores.postgres.query('SELECT user_id FROM @schema.user_origin'),
  )
  expect(rows).toEqual([{ user_id: fresh.id }])
})
