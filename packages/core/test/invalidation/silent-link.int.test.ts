import { beginChange, invalidate, ok, orThrow, type Stores, transaction } from '@headwater/core'
import {
  eventually,
  faultProxy,
  type FaultProxy,
  type RedisServer,
  startRedisServer,
} from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { holdKeys } from '../../src/invalidation/hold.ts'
import { releaseEnded, releaseKeys } from '../../src/invalidation/release.ts'
import {
  areTrusted,
  rowCache,
  type RowCache,
  versionedRows,
  type VersionedRows,
  versionOf,
} from '../cache/versioned-rows.ts'
import { ask } from '../stores/redis/replicas-fixture.ts'
import { middleWait } from './middle-wait.ts'

let rows: VersionedRows
let redis: RedisServer
let link: FaultProxy
let reader: Stores
let writer: Stores
let cache: RowCache
let id = 0

beforeAll(async () => {
  rows = await versionedRows()
  redis = await startRedisServer()
  link = await faultProxy(redis.url)
  reader = await rows.open({ redis: { url: redis.url, deadlineMs: 1_000 } })
  // The deadline of the transaction below stays within an ordinary hold.
  writer = await rows.open({
    redis: { url: link.url, deadlineMs: 1_000 },
    invalidation: { holdMs: 122_000 },
  })
})
afterAll(async () => {
  await rows.dispose()
  await Promise.all([link.close(), redis.stop()])
})
beforeEach(async () => {
  id += 1
  link.restore()
  cache = rowCache(reader)
  await areTrusted(reader, writer)
  await isStored()
})

const raw = () => reader.redis.client.get(reader.redis.keyPrefix + cache.key(id).text)
const isStored = () =>
  eventually(async () => {
    await versionOf(cache, id)
    expect(await raw()).toMatch(/^v1 /)
  })
const limitMemory = (bytes: string) => ask(redis.url, 'CONFIG', 'SET', 'maxmemory', bytes)
const raise = 'UPDATE @schema.rows SET version = 2 WHERE id = $1'

/** Replaces Redis by an empty one, which the reader notices and the writer does not. */
async function replaceRedisInSilence(): Promise<void> {
  link.hang()
  await redis.kill()
  await redis.restart()
  await areTrusted(reader)
  expect(await versionOf(cache, id)).toBe(1)
  await isStored()
}

test('A key that is named before the first statement is held from then on: no old value outlives it', async () => {
  const told: number[] = []
  const off = writer.diagnostics.on('invalidation:intent', ({ keys }) => told.push(keys))
  const result = await transaction(
    writer,
    async (tx) => {
      tx.invalidate(cache.key(id))
      await replaceRedisInSilence()
      await tx.query(raise, [id])
      return ok(undefined)
    },
    { deadlineMs: 60_000 },
  )
  off()
  orThrow(result)
  // The hold that Redis does not acknowledge is replaced by an intent.
  expect(told).toEqual([1])
  await eventually(async () => expect(await versionOf(cache, id)).toBe(2), { timeoutMs: 10_000 })
})

test("A hold from before the first write of a host's transaction is issued again before COMMIT", async () => {
  const told: number[] = []
  const off = writer.diagnostics.on('invalidation:intent', ({ keys }) => told.push(keys))
  await writer.postgres.withConnection(async (tx) => {
    const change = beginChange(writer, { tx })
    await tx.query('BEGIN')
    change.invalidate(cache.key(id))
    await eventually(async () => expect(await raw()).toMatch(/^h1 /))
    await tx.query('SELECT * FROM @schema.rows WHERE id = $1', [id])
    await replaceRedisInSilence()
    await tx.query(raise, [id])
    orThrow(await change.hold())
    await tx.query('COMMIT')
    await change.release()
  })
  off()
  expect(told).toEqual([1])
  await eventually(async () => expect(await versionOf(cache, id)).toBe(2), { timeoutMs: 10_000 })
})

test('A release that does not reach Redis leaves an intent, so that another process deletes the key', async () => {
  const old = (await raw()) as string
  const change = beginChange(writer)
  change.invalidate(cache.key(id))
  orThrow(await change.hold())
  // An eviction loses the hold, and a reader stores the old value again.
  await reader.redis.client.set(reader.redis.keyPrefix + cache.key(id).text, old)
  orThrow(await reader.postgres.query(raise, [id]))
  link.hang()
  await change.release()
  await eventually(async () => expect(await versionOf(cache, id)).toBe(2), { timeoutMs: 10_000 })
})

test('A change whose release Redis refuses does not count as released', async () => {
  const [refused, other] = [{ id: 'one', keys: [cache.key(id).text] }, 'other']
  for (const owner of [refused.id, other])
    orThrow(await holdKeys(reader.redis, refused.keys, { owner, lifeMs: 60_000 }))
  await limitMemory('1')
  // What the other owner holds would have to be stored again.
  const released = await releaseEnded(reader.redis, [refused]).finally(() => limitMemory('0'))
  expect(released).toEqual(new Set())
  expect(await releaseEnded(reader.redis, [refused])).toEqual(new Set([refused.id]))
  expect(await raw()).toMatch(/^h1 other:\d+$/)
})

test('Keys after one that Redis refuses to release are released all the same', async () => {
  const [refused, later] = [cache.key(id).text, `later-${id}`]
  const lifeMs = 60_000
  orThrow(await holdKeys(reader.redis, [refused, later], { owner: 'one', lifeMs }))
  orThrow(await holdKeys(reader.redis, [refused], { owner: 'other', lifeMs }))
  await limitMemory('1')
  // 50 keys are one round trip.
  const keys = [...Array.from({ length: 50 }, () => refused), later]
  const released = await releaseKeys(reader.redis, keys, 'one').finally(() => limitMemory('0'))
  expect(released.isErr()).toBe(true)
  expect(await reader.redis.client.exists(reader.redis.keyPrefix + later)).toBe(0)
  orThrow(await releaseKeys(reader.redis, [refused], 'one'))
  expect(await raw()).toMatch(/^h1 other:\d+$/)
})

test('A change that was released holds its keys again when it is used for another attempt', async () => {
  const change = beginChange(writer)
  change.invalidate(cache.key(id))
  orThrow(await change.hold())
  await change.release()
  await isStored()
  change.invalidate(cache.key(id))
  orThrow(await change.hold())
  expect(await raw()).toMatch(/^h1 /)
  orThrow(await reader.postgres.query(raise, [id]))
  expect(await versionOf(cache, id)).toBe(2)
  await change.release()
})

test('invalidate(stores, ...keys) makes the next read load, in every process', async () => {
  orThrow(await reader.postgres.query(raise, [id]))
  expect(await versionOf(cache, id)).toBe(1)
  orThrow(await invalidate(writer, cache.key(id)))
  expect(await versionOf(cache, id)).toBe(2)
})

test('invalidate(stores, ...keys) without Redis leaves an intent, which others see within 1.5 s', async () => {
  const invalidateWithoutRedis = async () => {
    id += 1
    link.restore()
    await areTrusted(reader, writer)
    await isStored()
    orThrow(await reader.postgres.query(raise, [id]))
    link.cut()
    orThrow(await invalidate(writer, cache.key(id)))
  }
  const isSeen = async () => expect(await versionOf(cache, id)).toBe(2)
  expect(await middleWait(invalidateWithoutRedis, isSeen)).toBeLessThan(1_500)
})
