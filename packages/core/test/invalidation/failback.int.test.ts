import { connect, Diagnostics, orThrow, type Stores } from '@headwater/core'
import { eventually, type RedisServer } from '@headwater/testing'
import { createClient } from '@redis/client'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  areTrusted,
  raise,
  rowCache,
  versionedRows,
  type VersionedRows,
} from '../cache/versioned-rows.ts'
import {
  ask,
  noticedWithin,
  type ReplicaPair,
  startReplicaPair,
} from '../stores/redis/replicas-fixture.ts'

let rows: VersionedRows
let pair: ReplicaPair
const opened: Stores[] = []

beforeAll(async () => {
  rows = await versionedRows()
})
afterAll(() => rows.dispose())
beforeEach(async () => {
  pair = await startReplicaPair()
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((stores) => stores.close()))
  await pair.stop()
})

async function open(server: RedisServer, diagnostics = new Diagnostics()): Promise<Stores> {
  const stores = await rows.open({ redis: { url: server.url }, diagnostics })
  opened.push(stores)
  return stores
}

test('A value cached before a failover is not served after the failback to its server', async () => {
  const id = 1
  await pair.replicate(pair.second)
  const reader = await open(pair.first)
  await areTrusted(reader)
  const cache = rowCache(reader, { name: 'failback' })
  orThrow(await cache.get(id))
  await eventually(async () =>
    expect(await ask(pair.first.url, 'EXISTS', `${rows.own.redis.prefix}failback:${id}`)).toBe('1'),
  )
  const before = reader.redis.runId
  await pair.promote(pair.second)
  await pair.replicate(pair.first)
  await eventually(() => expect(reader.redis.isAvailable).toBe(false), noticedWithin)
  pair.holdReplication()
  const writer = await open(pair.second)
  await areTrusted(writer)
  await raise(writer, id, [rowCache(writer, { name: 'failback' }).key(id)])
  await pair.promote(pair.first)
  await eventually(() => expect(reader.invalidation.isOpen).toBe(true), noticedWithin)
  expect(reader.redis.runId).not.toBe(before)
  expect(orThrow(await cache.get(id))?.version).toBe(2)
})

test('A server that is demoted under a living connection is no longer trusted', async () => {
  const stores = await open(pair.first)
  await eventually(() => expect(stores.redis.isAvailable).toBe(true), noticedWithin)
  await pair.replicate(pair.first)
  await eventually(() => expect(stores.redis.isAvailable).toBe(false), noticedWithin)
  await pair.promote(pair.first)
  await eventually(() => expect(stores.redis.isAvailable).toBe(true), noticedWithin)
})

test('A replica is refused with a sentence in health and in store:error, and asked ever less often', async () => {
  await pair.replicate(pair.first)
  const diagnostics = new Diagnostics()
  const errors: string[] = []
  diagnostics.on('store:error', ({ error }) => errors.push(String(error)))
  const before = Number(
    /total_connections_received:(\d+)/.exec(await ask(pair.first.url, 'INFO'))?.[1],
  )
  const stores = await open(pair.first, diagnostics)
  const until = performance.now() + 4_000
  await eventually(() => expect(performance.now()).toBeGreaterThan(until), noticedWithin)
  await eventually(async () =>
    expect((await stores.health()).stores.redis).toMatchObject({
      status: 'degraded',
      error: expect.stringContaining('connect to its primary') as string,
    }),
  )
  expect(errors[0]).toContain('role:slave')
  const after = Number(
    /total_connections_received:(\d+)/.exec(await ask(pair.first.url, 'INFO'))?.[1],
  )
  expect([errors.length < 8, after - before < 10]).toEqual([true, true])
})

test('A client handed in that is connected to a replica is refused until the replica is promoted', async () => {
  await pair.replicate(pair.first)
  const client = createClient({ url: pair.first.url })
  client.on('error', () => undefined)
  await client.connect()
  const stores = orThrow(
    await connect({ postgres: { url: rows.own.postgres.url }, redis: { client } }),
  )
  opened.push(stores)
  expect(stores.redis.isAvailable).toBe(false)
  await pair.promote(pair.first)
  await eventually(() => expect(stores.redis.isAvailable).toBe(true), noticedWithin)
  client.destroy()
})
