import { beginChange, connect, migrate, orThrow, type Stores } from '@headwater/core'
import {
  eventually,
  startPostgresServer,
  startRedisServer,
  type PostgresServer,
  type RedisServer,
} from '@headwater/testing'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rowCache } from '../cache/versioned-rows.ts'

let postgres: PostgresServer
let redis: RedisServer
let stores: Stores

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([
    startPostgresServer({ settings: { max_prepared_transactions: '10' } }),
    startRedisServer(),
  ])
  stores = orThrow(
    await connect({
      postgres: { url: postgres.url },
      redis: { url: redis.url, deadlineMs: 2_000 },
      // A gate waits at most that long.
      invalidation: { holdMs: 30_000 },
    }),
  )
  orThrow(await migrate(stores))
  await stores.postgres.client.query(
    'CREATE TABLE @schema.rows (id int PRIMARY KEY, version int NOT NULL)',
  )
  await stores.postgres.client.query('INSERT INTO @schema.rows VALUES (1, 1)')
})
afterAll(async () => {
  orThrow(await stores.close())
  await Promise.all([postgres.stop(), redis.stop()])
})

test('A read after COMMIT PREPARED is not older than it, though Redis lost the hold', async () => {
  const cache = rowCache(stores)
  const versionOf = async () => orThrow(await cache.get(1))?.version
  const host = new Client({ connectionString: postgres.url })
  host.on('error', () => undefined)
  await host.connect()
  const change = beginChange(stores, { tx: host })
  await host.query('BEGIN')
  await host.query('UPDATE rows SET version = 2 WHERE id = 1')
  change.invalidate(cache.key(1))
  orThrow(await change.hold())
  await host.query("PREPARE TRANSACTION 'change'")
  await redis.restart()
  await eventually(() => expect(stores.redis.runId).toBeDefined(), { timeoutMs: 60_000 })
  const until = performance.now() + 2_000
  while (performance.now() < until) expect(await versionOf()).toBe(1)
  expect(stores.invalidation.isOpen).toBe(false)
  await host.query("COMMIT PREPARED 'change'")
  expect(await versionOf()).toBe(2)
  await change.release()
  await eventually(() => expect(stores.invalidation.isOpen).toBe(true), { timeoutMs: 60_000 })
  expect(await versionOf()).toBe(2)
  await host.end()
})
