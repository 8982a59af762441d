import { connect, orThrow, type Stores } from '@headwater/core'
import { isolate, type IsolatedStores } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { lsnOf, parsePosition } from '../../../../src/stores/postgres/replicas/position.ts'

let own: IsolatedStores<'postgres' | 'redis'>
const opened: Stores[] = []

beforeAll(async () => {
  own = await isolate(inject('stack'))
})
afterAll(() => own.dispose())
afterEach(() => Promise.all(opened.splice(0).map((stores) => stores.close())))

async function open(settings: Readonly<Record<string, string>> = {}): Promise<Stores> {
  const url = new URL(own.postgres.url)
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)
  url.searchParams.set('options', options.join(' '))
  const stores = orThrow(
    await connect({
      postgres: { url: url.href, connectTimeoutMs: 30_000 },
      redis: { url: own.redis.url, keyPrefix: own.redis.prefix },
      invalidation: { lookEveryMs: 3_600_000 },
      connectDeadlineMs: 60_000,
    }),
  )
  opened.push(stores)
  return stores
}

/** The place that a position names. */
async function placeOf(stores: Stores): Promise<bigint> {
  return orThrow(parsePosition(orThrow(await stores.postgres.position()), 'after')).lsn
}

async function placeBy(stores: Stores, expression: string): Promise<bigint> {
  const { rows } = orThrow(
    await stores.postgres.query<{ lsn: string }>(`SELECT ${expression}::text AS lsn`),
  )
  return lsnOf(rows[0]?.lsn ?? '')
}

test('A position lies within what is flushed, since nothing may flush the rest for long', async () => {
  const stores = await open()
  const message = "pg_logical_emit_message(false, 'test', 'which nothing flushes')"
  orThrow(await stores.postgres.query(`SELECT ${message}`))
  const place = await placeOf(stores)
  expect(place).toBeLessThanOrEqual(await placeBy(stores, 'pg_current_wal_flush_lsn()'))
})

test('A position has the commits that do not wait for the disk where the role has them so', async () => {
  const stores = await open({ synchronous_commit: 'off' })
  orThrow(await stores.postgres.query('CREATE TABLE note (body text)'))
  orThrow(await stores.postgres.query("INSERT INTO note VALUES ('Buy milk')"))
  const committed = await placeBy(stores, 'pg_current_wal_insert_lsn()')
  expect(await placeOf(stores)).toBeGreaterThanOrEqual(committed)
})
