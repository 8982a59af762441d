import { connect, Diagnostics, orThrow, type Stores } from '@headwater/core'
import {
  eventually,
  faultProxy,
  type FaultProxy,
  type RedisServer,
  startRedisServer,
} from '@headwater/testing'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { raise, rowCache, versionedRows, type VersionedRows } from '../cache/versioned-rows.ts'

let rows: VersionedRows
let first: RedisServer
let second: RedisServer
let replication: FaultProxy
const opened: Stores[] = []
const timeoutMs = 20_000

beforeAll(async () => {
  rows = await versionedRows()
})
afterAll(() => rows.dispose())
beforeEach(async () => {
  ;[first, second] = await Promise.all([startRedisServer(), startRedisServer()])
  replication = await faultProxy(second.url)
  for (const { url } of [first, second])
    await command(url, 'CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((stores) => stores.close()))
  await replication.close()
  await Promise.all([first.stop(), second.stop()])
})

async function command(url: string, ...words: string[]): Promise<string> {
  const client = createClient({ url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const reply: unknown = await client.sendCommand(words)
    return String(reply)
  } finally {
    client.destroy()
  }
}

async function replicate(replica: RedisServer, primaryUrl: string): Promise<void> {
  const { hostname, port } = new URL(primaryUrl)
  await command(replica.url, 'REPLICAOF', hostname, port)
  await eventually(
    async () =>
      expect(await command(replica.url, 'INFO', 'replication')).toContain('master_link_status:up'),
    { timeoutMs },
  )
}

const promote = (replica: RedisServer) => command(replica.url, 'REPLICAOF', 'NO', 'ONE')

async function open(server: RedisServer, diagnostics = new Diagnostics()): Promise<Stores> {
  const stores = await rows.open({ redis: { url: server.url }, diagnostics })
  opened.push(stores)
  return stores
}

test('A value cached before a failover is not served after the failback to its server', async () => {
  const id = 1
  await replicate(second, first.url)
  const reader = await open(first)
  const cache = rowCache(reader, { name: 'failback' })
  orThrow(await cache.get(id))
  await eventually(async () =>
    expect(await command(first.url, 'EXISTS', `${rows.own.redis.prefix}failback:${id}`)).toBe('1'),
  )
  const before = reader.redis.runId
  await promote(second)
  await replicate(first, replication.url)
  await eventually(() => expect(reader.redis.isAvailable).toBe(false), { timeoutMs })
  replication.hang()
  const writer = await open(second)
  await raise(writer, id, [rowCache(writer, { name: 'failback' }).key(id)])
  await promote(first)
  await eventually(() => expect(reader.invalidation.isOpen).toBe(true), { timeoutMs })
  expect(reader.redis.runId).not.toBe(before)
  expect(orThrow(await cache.get(id))?.version).toBe(2)
})

test('A server that is demoted under a living connection is no longer trusted', async () => {
  const stores = await open(first)
  expect(stores.redis.isAvailable).toBe(true)
  await replicate(first, replication.url)
  await eventually(() => expect(stores.redis.isAvailable).toBe(false), { timeoutMs })
  await promote(first)
  await eventually(() => expect(stores.redis.isAvailable).toBe(true), { timeoutMs })
})

test('A replica is refused with a sentence in health and in store:error, and asked ever less often', async () => {
  await replicate(first, replication.url)
  const diagnostics = new Diagnostics()
  const errors: string[] = []
  diagnostics.on('store:error', ({ error }) => errors.push(String(error)))
  const before = Number(
    /total_connections_received:(\d+)/.exec(await command(first.url, 'INFO'))?.[1],
  )
  const stores = await open(first, diagnostics)
  const until = performance.now() + 4_000
  await eventually(() => expect(performance.now()).toBeGreaterThan(until), { timeoutMs })
  expect((await stores.health()).stores.redis).toMatchObject({
    status: 'degraded',
    error: expect.stringContaining('connect to its primary') as string,
  })
  expect(errors[0]).toContain('role:slave')
  const after = Number(
    /total_connections_received:(\d+)/.exec(await command(first.url, 'INFO'))?.[1],
  )
  expect([errors.length < 8, after - before < 10]).toEqual([true, true])
})

test('A client handed in that is connected to a replica is refused until the replica is promoted', async () => {
  await replicate(first, replication.url)
  const client = createClient({ url: first.url })
  client.on('error', () => undefined)
  await client.connect()
  const stores = orThrow(
    await connect({ postgres: { url: rows.own.postgres.url }, redis: { client } }),
  )
  opened.push(stores)
  expect(stores.redis.isAvailable).toBe(false)
  await promote(first)
  await eventually(() => expect(stores.redis.isAvailable).toBe(true), { timeoutMs })
  client.destroy()
})
