import { expect, test } from 'vitest'
import { eventually } from '@headwater/testing'
import { acknowledge } from '../../../src/outbox/relay/acknowledge.ts'
import { claim, openCursors } from '../../../src/outbox/relay/cursor.ts'
import { dueRow, failedRow, parkedRow, type FailureRow } from '../../../src/outbox/failures/park.ts'
import type { LoggedEvent } from '../../../src/outbox/log/event.ts'
import {
  change,
  deadRelay,
  nameOf,
  recordingSink,
  useOutbox,
  versionsOf,
} from '../outbox-fixture.ts'

const open = useOutbox()

const permanently = { type: 'sink-failed', message: 'poison', retryable: false } as const

function deadRow(event: LoggedEvent): FailureRow {
  return failedRow(
    { event, kind: 'permanent', failure: permanently },
    { started: 0, finished: 0, failingMs: 0 },
    { maxAttempts: 1, maxBackOffMs: 1 },
  )
}

test('A due aggregate is retried however many others wait behind dead events', async () => {
  const fixture = await open()
  const { client } = fixture.stores.postgres
  const sink = recordingSink()
  const stuck = Array.from({ length: 700 }, (_, index) => change(index % 2, index))
  const ids = await fixture.publish(...stuck, change(2, 1), change(2, 2))
  const logged = await fixture.rows<{
    id: string
    seq: string
    shard: number
    aggregateid: string
    version: string
  }>(
    'SELECT id, seq::text, shard, aggregateid, version::text FROM @schema.outbox ORDER BY outbox.seq',
  )
  const events = logged.map(({ seq, aggregateid: aggregateId, version, ...row }): LoggedEvent => ({
    ...change(aggregateId, Number(version)),
    ...row,
    aggregateId,
    seq: BigInt(seq),
    headers: {},
    createdAt: new Date(),
  }))
  await openCursors(client, deadRelay(sink))
  const shards = await claim(client, deadRelay(sink), 64)
  const [tick] = await fixture.rows<{ id: string }>(
    'SELECT id::text FROM @schema.outbox_advance(0, 0)',
  )
  const rows = events.map((event, index) => {
    if (index < 2) return deadRow(event)
    return nameOf(event) === '2@2' ? parkedRow(event) : dueRow(event, { started: 0, finished: 0 })
  })
  await acknowledge(client, {
    sink: sink.name,
    shards: shards.map((shard) => ({ ...shard, tick: BigInt(tick?.id ?? 0) })),
    failures: rows,
  })
  fixture.relay([sink]).start()
  await eventually(() => {
    expect(sink.seen).toEqual(['2@1', '2@2'])
  })
  await fixture.publish(change(2, 3), change(1, 1_000))
  await eventually(() => {
    expect(versionsOf(sink.seen, 2)).toEqual([1, 2, 3])
  })
  expect(sink.seen).toHaveLength(3)
  await eventually(async () => {
    expect(await fixture.rows('SELECT FROM @schema.outbox_failure')).toHaveLength(
      ids.length - 2 + 1,
    )
  })
})
