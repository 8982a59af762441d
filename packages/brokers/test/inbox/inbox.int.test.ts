import { beforeEach, expect, test } from 'vitest'
import { err, ok, orThrow, transaction } from '@headwater/core'
import { inbox } from '../../src/index.ts'
import { useBrokers, type BrokersFixture } from '../brokers-fixture.ts'
import { received } from '../consume/stand-in-source-fixture.ts'

const open = useBrokers()
let fixture: BrokersFixture

beforeEach(async () => {
  fixture = await open()
})

const entry = { consumer: 'mail', eventId: 'e1' }

async function handleOnce(): Promise<'handled' | 'duplicate'> {
  return orThrow(
    await transaction(fixture.stores, (tx) =>
      inbox.once(tx, entry, async () => ok(await fixture.handle(tx, received('5', 1)))),
    ),
  )
}

test('Work runs once for an event, in the transaction that notes it', async () => {
  expect(await handleOnce()).toBe('handled')
  expect(await handleOnce()).toBe('duplicate')
  expect(await fixture.effects()).toEqual(['5:1'])
})

test('Ten transactions at once do the work once', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, handleOnce))
  expect(answers.filter((answer) => answer === 'handled')).toHaveLength(1)
  expect(await fixture.effects()).toEqual(['5:1'])
})

test('Work that fails leaves no note, and runs again', async () => {
  const failure = { type: 'mail-refused', message: 'HTTP 500', retryable: true } as const
  const failed = await transaction(fixture.stores, (tx) =>
    inbox.once(tx, entry, async () => {
      await fixture.handle(tx, received('5', 1))
      return err(failure)
    }),
  )
  expect(failed._unsafeUnwrapErr()).toEqual(failure)
  expect(await fixture.effects()).toEqual([])
  expect(await handleOnce()).toBe('handled')
})

test('Purging deletes what is old, however much it is, and nothing else', async () => {
  const { client, schema } = fixture.stores.postgres
  await client.query(`INSERT INTO "${schema}".inbox (consumer, event_id, handled_at)
    SELECT 'mail', 'old' || n, now() - interval '8 days' FROM generate_series(1, 12001) AS n`)
  await handleOnce()
  expect(orThrow(await inbox.purge(fixture.stores))).toBe(12_001)
  expect(await handleOnce()).toBe('duplicate')
  expect(orThrow(await inbox.purge(fixture.stores))).toBe(0)
})

test('Purging refuses a retention that is none', () => {
  expect(() => inbox.purge(fixture.stores, { retentionMs: 0 })).toThrow(
    'inbox.purge: retentionMs: expected more than 0 ms: got 0',
  )
})
