import { expect, test } from 'vitest'
import { orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { acknowledge } from '../../../src/outbox/relay/acknowledge.ts'
import { claim, openCursors } from '../../../src/outbox/relay/cursor.ts'
import { dueRow } from '../../../src/outbox/failures/park.ts'
import { change, deadRelay, recordingSink, useOutbox } from '../outbox-fixture.ts'

const open = useOutbox()

test('An event that was given up because its process ended every time is delivered by replay', async () => {
  const fixture = await open()
  const { client } = fixture.stores.postgres
  const sink = recordingSink()
  const [id = ''] = await fixture.publish(change(1, 1))
  await openCursors(client, deadRelay(sink))
  const shards = await claim(client, deadRelay(sink), 64)
  const [row] = await fixture.rows<{ seq: string; shard: number }>(
    'SELECT seq::text, shard FROM @schema.outbox',
  )
  const [tick] = await fixture.rows<{ id: string }>(
    'SELECT id::text FROM @schema.outbox_advance(0, 0)',
  )
  const event = {
    ...change('1', 1),
    aggregateId: '1',
    headers: {},
    id,
    seq: BigInt(row?.seq ?? 0),
    shard: row?.shard ?? 0,
    createdAt: new Date(),
  }
  const passed = shards.map((shard) => ({ ...shard, tick: BigInt(tick?.id ?? 0) }))
  await acknowledge(client, {
    sink: sink.name,
    shards: passed,
    failures: [dueRow(event, { started: 3, finished: 0 })],
  })
  const relay = fixture.relay([sink])
  relay.start()
  const letters = fixture.outbox.deadLetters
  await eventually(async () => {
    expect(orThrow(await letters.list())).toMatchObject([
      { eventId: id, message: expect.stringContaining('the process ended') as string },
    ])
  })
  expect(sink.seen).toEqual([])
  expect(orThrow(await letters.replay({}))).toBe(1)
  await eventually(() => {
    expect(sink.seen).toEqual(['1@1'])
  })
  await eventually(async () => {
    expect(await fixture.rows('SELECT FROM @schema.outbox_failure')).toEqual([])
  })
})
