import { okAsync, orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { expect, test } from 'vitest'
import { claim, openCursors, pulse } from '../../../src/outbox/relay/cursor.ts'
import { change, deadRelay, recordingSink, useOutbox } from '../outbox-fixture.ts'

const open = useOutbox()

test('Events are delivered at once when the clock of PostgreSQL is set back behind the last tick', async () => {
  const fixture = await open()
  const sink = recordingSink()
  const relay = fixture.relay([sink])
  await fixture.publish(change(1, 1))
  orThrow(await relay.drain())
  await fixture.rows(`UPDATE @schema.outbox_tick SET at = at + interval '1 hour' WHERE id > 1`)
  await fixture.publish(change(1, 2))
  orThrow(await relay.drain())
  expect(sink.seen).toEqual(['1@1', '1@2'])
})

test('The shards of a relay that died before the clock was set back are taken over after one lease', async () => {
  const fixture = await open()
  const { client } = fixture.stores.postgres
  const sink = recordingSink()
  await openCursors(client, deadRelay(sink))
  const owning = { sink, owner: 'dead', leaseMs: 300 }
  await pulse(client, owning)
  expect(await claim(client, owning, 64)).toHaveLength(64)
  await fixture.rows(`
    UPDATE @schema.outbox_cursor
    SET lease_until = lease_until + interval '1 hour', leased_at = leased_at + interval '1 hour'`)
  await fixture.rows(`
    UPDATE @schema.outbox_owner
    SET seen_until = seen_until + interval '1 hour', seen_at = seen_at + interval '1 hour'`)
  await fixture.publish(change(1, 1))
  const relay = fixture.relay([sink], { leaseMs: 1_000 })
  orThrow(await relay.drain())
  expect(sink.seen).toEqual(['1@1'])
})

test('A back-off that began before the clock was set back ends within the longest back-off', async () => {
  const fixture = await open()
  let isBusy = true
  const sink = recordingSink({
    before: (events) => {
      const failure = { type: 'sink-failed', message: 'busy', retryable: true } as const
      return okAsync({
        failed: isBusy ? events.map(({ id }) => ({ id, failure })).slice(0, 1) : [],
      })
    },
  })
  const relay = fixture.relay([sink])
  await fixture.publish(change(1, 1), change(2, 1))
  orThrow(await relay.drain())
  isBusy = false
  await fixture.rows(`UPDATE @schema.outbox_failure SET next_at = next_at + interval '1 hour'`)
  await eventually(() => {
    expect(new Set(sink.seen)).toEqual(new Set(['1@1', '2@1']))
  })
})
