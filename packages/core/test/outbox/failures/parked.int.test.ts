import { okAsync, orThrow, type Sink, type SinkFailure, type SinkReport } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { expect, test } from 'vitest'
import { change, nameOf, recordingSink, useOutbox, type OutboxFixture } from '../outbox-fixture.ts'

const open = useOutbox()

const busy = (id: string): SinkFailure => ({
  type: 'sink-failed',
  message: `shelf ${id} is locked`,
  retryable: true,
})

/** A sink that cannot take these events as long as `isBroken` says so. */
function refusing(names: readonly string[], isBroken: () => boolean): Sink['handle'] {
  return (batch) =>
    okAsync({
      failed: batch
        .filter((event) => isBroken() && names.includes(nameOf(event)))
        .map(({ id, aggregateId }) => ({ id, failure: busy(aggregateId) })),
    })
}

async function summary({ outbox }: OutboxFixture) {
  return orThrow(await outbox.parked.summary())
}

test('Events that wait for another attempt are grouped by failure, with those behind them', async () => {
  const fixture = await open()
  const sink = recordingSink({ before: refusing(['1@1', '2@1'], () => true) })
  fixture.relay([sink], { maxBackOffMs: 60_000 }).start()
  await fixture.publish(change(1, 1), change(1, 2), change(1, 3), change(2, 1), change(3, 1))
  await eventually(async () => {
    expect(await summary(fixture)).toMatchObject([
      {
        sink: 'recorder',
        count: 2,
        aggregates: 2,
        behind: 2,
        message: expect.stringMatching(/shelf \d is locked/) as string,
      },
    ])
  })
})

test('What waits for its time is tried now when an operator says so', async () => {
  const fixture = await open()
  let isBroken = true
  const sink = recordingSink({ before: refusing(['1@1', '2@1'], () => isBroken) })
  fixture.relay([sink], { maxBackOffMs: 600_000 }).start()
  await fixture.publish(change(1, 1), change(2, 1), change(3, 1))
  await eventually(async () => {
    // An attempt after it has failed for so long has the next one follow after as long.
    await fixture.rows(`UPDATE @schema.outbox_failure SET failed_at = now() - interval '10 min'`)
    const [group] = await summary(fixture)
    expect(group?.count).toBe(2)
    expect(group?.nextAt.getTime()).toBeGreaterThan(Date.now() + 300_000)
  })
  isBroken = false
  const [group] = await summary(fixture)
  const { fingerprint = '' } = group ?? {}
  expect(orThrow(await fixture.outbox.parked.retry({ fingerprint: 'another' }))).toBe(0)
  expect(orThrow(await fixture.outbox.parked.retry({ fingerprint, limit: 1 }))).toBe(1)
  await eventually(() => expect(sink.seen).toHaveLength(2))
  expect(orThrow(await fixture.outbox.parked.retry({ sink: 'recorder' }))).toBe(1)
  await eventually(() => expect([...sink.seen].sort()).toEqual(['1@1', '2@1', '3@1']))
})

test('A discarded event is dropped although its attempt fails meanwhile, and those behind go on', async () => {
  const fixture = await open()
  const { promise: discarded, resolve } = Promise.withResolvers<undefined>()
  let attempts = 0
  const sink = recordingSink({
    before: (batch) => {
      const failed = batch
        .filter((event) => nameOf(event) === '1@1')
        .map(({ id }) => ({ id, failure: busy('1') }))
      attempts += failed.length
      const answer = okAsync<SinkReport, SinkFailure>({ failed })
      return attempts < 2 ? answer : answer.map((report) => discarded.then(() => report))
    },
  })
  fixture.relay([sink], { maxBackOffMs: 60_000 }).start()
  await fixture.publish(change(1, 1), change(1, 2))
  await eventually(() => expect(attempts).toBe(2))
  expect(orThrow(await fixture.outbox.parked.discard({ sink: 'recorder' }))).toBe(1)
  resolve(undefined)
  await eventually(async () => {
    expect(sink.seen).toContain('1@2')
    expect(await fixture.rows('SELECT FROM @schema.outbox_failure')).toEqual([])
  })
  expect(sink.seen).not.toContain('1@1')
})

test('No more dead letters are replayed or discarded than the limit, the oldest first', async () => {
  const fixture = await open()
  const failure: SinkFailure = { type: 'sink-failed', message: 'no', retryable: false }
  const sink = recordingSink({
    before: (batch) => okAsync({ failed: batch.map(({ id }) => ({ id, failure })) }),
  })
  const relay = fixture.relay([sink])
  await fixture.publish(change(1, 1), change(2, 1), change(3, 1))
  orThrow(await relay.drain())
  orThrow(await relay.stop())
  const letters = fixture.outbox.deadLetters
  const [oldest] = orThrow(await letters.list())
  expect(orThrow(await letters.discard({ sink: 'recorder', limit: 1 }))).toBe(1)
  const left = orThrow(await letters.list())
  expect(left.map(({ eventId }) => eventId)).not.toContain(oldest?.eventId)
  expect(orThrow(await letters.replay({ sink: 'recorder', limit: 1 }))).toBe(1)
  expect(orThrow(await letters.list())).toHaveLength(1)
  expect(orThrow(await letters.replay({ sink: 'recorder' }))).toBe(1)
})

/** Three events that wait for one, two and three hours, and no relay. */
async function openWaiting(): Promise<OutboxFixture> {
  const fixture = await open()
  const relay = fixture.relay([recordingSink()])
  relay.start()
  orThrow(await relay.drain())
  orThrow(await relay.stop())
  await fixture.rows(`
    INSERT INTO @schema.outbox_failure
      (sink, seq, shard, aggregatetype, aggregateid, event, status, next_at)
    SELECT 'recorder', seq, 1, 'shelf', seq, '{}', 'retry', now() + seq * interval '1 hour'
    FROM generate_series(1, 3) AS seq`)
  return fixture
}

test('Trying what waits part by part takes others each time, until none is left', async () => {
  const fixture = await openWaiting()
  const hastened = async () => {
    const found = await fixture.rows<{ seq: string }>(
      'SELECT seq FROM @schema.outbox_failure WHERE next_at <= now() ORDER BY seq',
    )
    return found.map(({ seq }) => Number(seq))
  }
  const { parked } = fixture.outbox
  expect(orThrow(await parked.retry({ sink: 'recorder', limit: 1 }))).toBe(1)
  expect(await hastened()).toEqual([1])
  // It fails once more, and waits for the longest of times.
  await fixture.rows(`
    UPDATE @schema.outbox_failure SET next_at = now() + interval '9 hours' WHERE seq = 1`)
  expect(orThrow(await parked.retry({ sink: 'recorder', limit: 2 }))).toBe(2)
  expect(await hastened()).toEqual([2, 3])
  expect(orThrow(await parked.retry({ sink: 'recorder', limit: 2 }))).toBe(1)
  expect(orThrow(await parked.retry({ sink: 'recorder', limit: 2 }))).toBe(0)
})

test.each(['retry', 'discard'] as const)(
  'A call of %s waits for no event that a relay is changing, and the next one has it',
  async (verb) => {
    const fixture = await openWaiting()
    const mark = async () => orThrow(await fixture.outbox.parked[verb]({ sink: 'recorder' }))
    const session = await fixture.session()
    await session.run('BEGIN')
    await session.run('UPDATE @schema.outbox_failure SET finished = 1 WHERE seq = 2')
    expect(await mark()).toBe(2)
    await session.run('COMMIT')
    expect(await mark()).toBe(1)
  },
)
