import { connect, migrate, orThrow, type Stores } from '@headwater/core'
import { eventually, startPostgresServer, type PostgresServer } from '@headwater/testing'
import type { Client } from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { insertIntent } from '../../src/invalidation/intent-queries.ts'
import { TransactionsUnderWay } from '../../src/invalidation/under-way.ts'
import { beginAs } from '../stores/postgres/begin-as-fixture.ts'

let server: PostgresServer
let stores: Stores

beforeAll(async () => {
  server = await startPostgresServer({ settings: { autovacuum: 'off' } })
  // Its gate settles no intent of the reader's.
  stores = await open('elsewhere:')
  orThrow(await migrate(stores))
})
afterAll(async () => {
  orThrow(await stores.close())
  await server.stop()
})

async function open(keyPrefix: string): Promise<Stores> {
  return orThrow(
    await connect({
      postgres: { url: server.url },
      redis: { url: inject('stack').redis.url, keyPrefix, deadlineMs: 2_000 },
      // A gate waits that long for the transactions under way.
      invalidation: { holdMs: 1_000 },
    }),
  )
}

async function nextId(): Promise<bigint> {
  const { rows } = await stores.postgres.client.query<{ next: string }>(
    'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next',
  )
  return BigInt(rows[0]?.next ?? 0)
}

/** Promotes the server while a transaction is open, whose id another one has afterwards. */
async function promoteUnder(id: bigint): Promise<Client> {
  await server.promote()
  const stranger = await beginAs(server, id)
  // One that completes makes every earlier id one that the server has assigned.
  await eventually(() => stores.postgres.client.query('SELECT pg_current_xact_id()'))
  return stranger
}

test('A gate does not wait for a transaction of a promoted standby that has the id of one it noted', async () => {
  const underWay = new TransactionsUnderWay(stores.postgres)
  const id = await nextId()
  await beginAs(server, id)
  await underWay.note()
  expect(await underWay.haveEnded()).toBe(false)
  const stranger = await promoteUnder(id)
  await eventually(async () => expect(await underWay.haveEnded()).toBe(true))
  await stranger.end()
})

test('An intent of the old primary is settled while a transaction of the promoted standby has its id', async () => {
  // The intent is written by the transaction before it, so that its own id is not the last one.
  const id = (await nextId()) + 1n
  const writer = await beginAs(server, id - 1n)
  await beginAs(server, id)
  await writer.query(insertIntent.replaceAll('@schema', stores.postgres.schema), [
    'lost',
    String(id),
    'promoted:',
    ['row:1'],
    false,
  ])
  await writer.query('COMMIT')
  await writer.end()
  const stranger = await promoteUnder(id)
  const reader = await open('promoted:')
  await eventually(() => expect(reader.invalidation.isOpen).toBe(true), { timeoutMs: 60_000 })
  await stranger.end()
  orThrow(await reader.close())
})
