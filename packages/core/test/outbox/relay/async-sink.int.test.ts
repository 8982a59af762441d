import {
  defineSink,
  FailureError,
  orThrow,
  type OutboxEvent,
  type SinkReport,
} from '@headwater/core'
import { expect, test } from 'vitest'
import { change, nameOf, useOutbox } from '../outbox-fixture.ts'

const open = useOutbox()

/** A sink whose `handle` is a plain async function. */
const plainSink = (handle: (events: readonly OutboxEvent[]) => Promise<SinkReport | void>) =>
  defineSink({ name: 'plain', types: ['*'], mode: 'log', handle })

const outage = new FailureError({
  type: 'store-unavailable',
  message: 'the endpoint does not answer',
  retryable: true,
})

test('A plain async function that returns nothing has delivered all events', async () => {
  const fixture = await open()
  const seen: string[] = []
  const relay = fixture.relay([
    plainSink(async (events) => {
      seen.push(...events.map(nameOf))
    }),
  ])
  await fixture.publish(change(1, 1), change(2, 1))
  orThrow(await relay.drain())
  expect(seen.toSorted()).toEqual(['1@1', '2@1'])
  expect(orThrow(await fixture.outbox.status()).sinks[0]).toMatchObject({ lagEvents: 0, dead: 0 })
})

test('A plain async function reports which events failed', async () => {
  const fixture = await open()
  const failure = { type: 'sink-failed', message: 'refused', retryable: false } as const
  const relay = fixture.relay([
    plainSink(async (events) => ({
      failed: events
        .filter(({ aggregateId }) => aggregateId === '1')
        .map(({ id }) => ({ id, failure })),
    })),
  ])
  await fixture.publish(change(1, 1), change(2, 1))
  orThrow(await relay.drain())
  expect(orThrow(await fixture.outbox.status()).sinks[0]).toMatchObject({ lagEvents: 0, dead: 1 })
})

test('A typed failure that is thrown and retryable costs no event an attempt', async () => {
  const fixture = await open()
  const seen: string[] = []
  let calls = 0
  const relay = fixture.relay(
    [
      plainSink(async (events) => {
        calls += 1
        if (calls <= 4) throw outage
        seen.push(...events.map(nameOf))
      }),
    ],
    { maxAttempts: 2 },
  )
  await fixture.publish(change(1, 1))
  orThrow(await relay.drain())
  expect([calls, seen]).toEqual([5, ['1@1']])
  expect(orThrow(await fixture.outbox.status()).sinks[0]).toMatchObject({ dead: 0, parked: 0 })
})

test('A typed failure that is thrown and permanent makes a dead letter at once', async () => {
  const fixture = await open()
  let calls = 0
  const relay = fixture.relay([
    plainSink(async () => {
      calls += 1
      throw new FailureError({ ...outage.failure, type: 'store-refused', retryable: false })
    }),
  ])
  await fixture.publish(change(1, 1))
  orThrow(await relay.drain())
  expect(calls).toBe(1)
  expect(orThrow(await fixture.outbox.status()).sinks[0]).toMatchObject({ dead: 1 })
})
