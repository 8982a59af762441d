import { errAsync, okAsync, orThrow, type SinkFailure } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { expect, test } from 'vitest'
import { change, collect, recordingSink, useOutbox } from '../outbox-fixture.ts'

const open = useOutbox()
const failure = (retryable: boolean): SinkFailure => ({
  type: 'sink-failed',
  message: 'not now',
  retryable,
})

test('An attempt at a stuck event is counted before it begins', async () => {
  const fixture = await open()
  const begun: unknown[] = []
  let calls = 0
  const sink = recordingSink({
    before: (events) => {
      calls += 1
      const [first] = events
      if (calls === 1 && first !== undefined)
        return okAsync({ failed: [{ id: first.id, failure: failure(true) }] })
      return fixture.stores.postgres
        .query('SELECT started - finished AS open FROM @schema.outbox_failure')
        .map(({ rows }) => begun.push(...rows))
        .map(() => ({ failed: [] }))
        .mapErr(() => failure(true))
    },
  })
  const relay = fixture.relay([sink])
  relay.start()
  await fixture.publish(change(1, 1), change(2, 1))
  await eventually(() => {
    expect(new Set(sink.seen)).toEqual(new Set(['1@1', '2@1']))
  })
  expect(begun).toEqual([{ open: 1 }])
})

test('No event is given up because idle connections were closed while it was retried', async () => {
  const fixture = await open()
  const dead = collect(fixture.diagnostics, 'outbox:dead')
  let calls = 0
  const sink = recordingSink({
    before: (events) => {
      calls += 1
      const [first] = events
      if (calls === 1 && first !== undefined)
        return okAsync({ failed: [{ id: first.id, failure: failure(true) }] })
      if (calls < 8)
        fixture.diagnostics.emit('store:error', { store: 'postgres', error: new Error('closed') })
      return okAsync({ failed: [] })
    },
  })
  const relay = fixture.relay([sink])
  relay.start()
  await fixture.publish(change(1, 1), change(2, 1))
  await eventually(
    async () => {
      expect(calls).toBeGreaterThanOrEqual(8)
      expect(await fixture.rows('SELECT FROM @schema.outbox_failure')).toEqual([])
    },
    { timeoutMs: 60_000 },
  )
  expect(dead).toEqual([])
})

test('The event that tells a dead sink from a poison event is never one that waits behind another', async () => {
  const fixture = await open()
  let isBad = true
  const sink = recordingSink({
    batchSize: 2,
    before: (events) => {
      if (!isBad) return okAsync({ failed: [] })
      if (events.some(({ aggregateId }) => aggregateId === 'a')) return errAsync(failure(true))
      const b1 = events.find(({ aggregateId, version }) => aggregateId === 'b' && version === 1)
      return okAsync({ failed: b1 === undefined ? [] : [{ id: b1.id, failure: failure(false) }] })
    },
  })
  const failed = collect(fixture.diagnostics, 'outbox:failed')
  const relay = fixture.relay([sink], { maxBackOffMs: 100 })
  await fixture.publish(change('b', 1))
  orThrow(await relay.drain())
  await fixture.publish(change('a', 1), change('b', 2))
  await eventually(() => {
    expect(failed.length).toBeGreaterThan(9)
  })
  expect(sink.seen).toEqual([])
  isBad = false
  orThrow(await fixture.outbox.deadLetters.replay({}))
  await eventually(() => {
    expect(new Set(sink.seen)).toEqual(new Set(['a@1', 'b@1', 'b@2']))
  })
  expect(sink.seen.filter((name) => name.startsWith('b'))).toEqual(['b@1', 'b@2'])
})
