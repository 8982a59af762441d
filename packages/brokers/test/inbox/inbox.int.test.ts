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

const ofMail = { consumer: 'mail' }

/** Entries that are eight days old. */
async function age(consumer: string, count: number): Promise<void> {
  await fixture.sql(
    `INSERT INTO @schema.inbox (consumer, event_id, handled_at)
    SELECT $1, 'old' || n, now() - interval '8 days' FROM generate_series(1, $2::integer) AS n`,
    [consumer, count],
  )
  await fixture.sql(
    `INSERT INTO @schema.inbox_attempt (consumer, event_id, lost, changed_at)
    VALUES ($1, 'old', 1, now() - interval '8 days'), ($1, 'new', 1, now())`,
    [consumer],
  )
}

async function countsOf(consumer: string): Promise<readonly number[]> {
  const { rows } = await fixture.sql<{ entries: number; attempts: number }>(
    `SELECT (SELECT count(*)::integer FROM @schema.inbox WHERE consumer = $1) AS entries,
      (SELECT count(*)::integer FROM @schema.inbox_attempt WHERE consumer = $1) AS attempts`,
    [consumer],
  )
  return rows.flatMap(({ entries, attempts }) => [entries, attempts])
}

test('Purging deletes what is old, however much it is, and nothing else', async () => {
  await age('mail', 12_001)
  await handleOnce()
  expect(orThrow(await inbox.purge(fixture.stores, ofMail))).toBe(12_001)
  expect(await countsOf('mail')).toEqual([1, 1])
  expect(await handleOnce()).toBe('duplicate')
  expect(orThrow(await inbox.purge(fixture.stores, ofMail))).toBe(0)
})

test('Purging leaves the entries of other consumers, who keep theirs for longer', async () => {
  await age('mail', 10)
  await age('search', 10)
  expect(orThrow(await inbox.purge(fixture.stores, ofMail))).toBe(10)
  expect(await countsOf('search')).toEqual([10, 2])
})

test('Purging refuses a retention that is none, and what names no consumer', () => {
  expect(() => inbox.purge(fixture.stores, { ...ofMail, retentionMs: 0 })).toThrow(
    'inbox.purge: retentionMs: expected more than 0 ms: got 0',
  )
  expect(() => inbox.purge(fixture.stores, {} as never)).toThrow(
    'inbox.purge: consumer: expected a text',
  )
})
