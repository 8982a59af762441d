import { createClient } from '@redis/client'
import { beginChange, orThrow, type DiagnosticEvents, type Stores } from '@headwater/core'
import {
  eventually,
  faultProxy,
  type FaultProxy,
  type RedisServer,
  startRedisServer,
} from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  raise,
  rowCache,
  type RowCache,
  versionedRows,
  type VersionedRows,
  versionOf,
} from '../cache/versioned-rows.ts'
import { ask } from '../stores/redis/replicas-fixture.ts'

let rows: VersionedRows
let redis: RedisServer
let link: FaultProxy
let writerLink: FaultProxy
let reader: Stores
let writer: Stores
let cache: RowCache
let id = 0
let names = 0

const isOpen = (stores: Stores) =>
  eventually(() => expect(stores.invalidation.isOpen && stores.redis.isAvailable).toBe(true), {
    timeoutMs: 60_000,
  })
const isNear = (of = cache) =>
  eventually(
    async () => {
      orThrow(await of.get(id))
      expect(of.peek(id)).toBeDefined()
    },
    { timeoutMs: 60_000 },
  )
const membersKey = () => `${rows.own.redis.prefix}near!{members}:${cache.name}`
/** What a writer waited for. */
function waitsOf(stores: Stores): DiagnosticEvents['near:wait'][] {
  const waits: DiagnosticEvents['near:wait'][] = []
  stores.diagnostics.on('near:wait', (wait) => waits.push(wait))
  return waits
}
function leavesOf(stores: Stores): string[] {
  const reasons: string[] = []
  stores.diagnostics.on('near:leave', ({ reason }) => reasons.push(reason))
  return reasons
}

beforeAll(async () => {
  rows = await versionedRows()
  redis = await startRedisServer()
  link = await faultProxy(redis.url)
  writerLink = await faultProxy(redis.url)
  reader = await rows.open({ near: {}, redis: { url: link.url, deadlineMs: 2_000 } })
  writer = await rows.open({ near: {}, redis: { url: writerLink.url, deadlineMs: 2_000 } })
})
afterAll(async () => {
  await rows.dispose()
  await Promise.all([link.close(), writerLink.close(), redis.stop()])
})
beforeEach(async () => {
  link.restore()
  writerLink.restore()
  await Promise.all([isOpen(reader), isOpen(writer)])
  id += 1
  names += 1
  cache = rowCache(reader, { name: `row${names}` })
  await isNear()
  // The first writer waits once for members that a lost hash may have had.
  await raise(writer, id, [cache.key(id)])
  await isNear()
})

describe('A member', () => {
  test('that cannot be reached answers no more when the writer commits, and holds up no second one', async () => {
    const waits = waitsOf(writer)
    link.hang()
    await raise(writer, id, [cache.key(id)])
    expect(cache.peek(id)).toBeUndefined()
    expect(waits[0]?.missing).toBeGreaterThan(0)
    await eventually(async () => {
      waits.length = 0
      await raise(writer, id, [cache.key(id)])
      expect(waits).toEqual([])
    })
  })

  test('that stood still for longer than its lease does not answer, though nothing told it so', async () => {
    await isNear()
    const endMs = performance.now() + 550
    while (performance.now() < endMs);
    expect(cache.peek(id)).toBeUndefined()
    await isNear()
  })

  test('drops everything when its connection is lost, and joins anew', async () => {
    const reasons = leavesOf(reader)
    link.cut()
    await eventually(() => expect(reasons.length).toBeGreaterThan(0))
    expect(cache.peek(id)).toBeUndefined()
    link.restore()
    await isNear()
  })

  test('that was removed is told so by its next renewal, drops everything, and joins anew', async () => {
    const reasons = leavesOf(reader)
    await reader.redis.client.del(membersKey())
    await eventually(() => expect(reasons).toContain('removed'))
    expect(cache.peek(id)).toBeUndefined()
    await isNear()
  })

  test('takes itself back when it closes, so that no writer waits for it', async () => {
    const other = await rows.open({ near: {}, redis: { url: redis.url } })
    await isNear(rowCache(other, { name: cache.name }))
    orThrow(await other.close())
    await eventually(async () => {
      const fields = await writer.redis.client.hKeys(membersKey())
      expect(fields.filter((field) => !field.startsWith('!'))).toHaveLength(1)
    })
  })
})

describe('A writer', () => {
  test('waits for the members that a server may have forgotten, once', async () => {
    const waits = waitsOf(writer)
    const kept: unknown[] = []
    // A new hash is young for as long as a writer waits, in which the writer has to come.
    await eventually(
      async () => {
        await isNear()
        await reader.redis.client.del(membersKey())
        waits.length = 0
        await raise(writer, id, [cache.key(id)])
        kept.push(cache.peek(id))
        expect(waits[0]?.durationMs).toBeGreaterThan(590)
      },
      { timeoutMs: 60_000 },
    )
    expect(kept).toEqual(kept.map(() => undefined))
    await eventually(async () => {
      waits.length = 0
      await raise(writer, id, [cache.key(id)])
      for (const { durationMs } of waits) expect(durationMs).toBeLessThan(500)
    })
  })

  test('whose cache keeps nothing waits for the members all the same', async () => {
    const other = await rows.open({ redis: { url: redis.url } })
    await isOpen(other)
    const far = rowCache(other, { name: cache.name, near: { maxBytes: 0 } })
    link.hang()
    await raise(other, id, [far.key(id)])
    expect(cache.peek(id)).toBeUndefined()
    orThrow(await other.close())
  })

  test('that cannot reach Redis leaves an intent, and whoever settles it tells the members', async () => {
    // It would see the intent itself, at a look.
    const idle = await rows.open({
      near: {},
      redis: { url: redis.url },
      invalidation: { lookEveryMs: 600_000 },
    })
    const near = rowCache(idle, { name: cache.name })
    await isNear(near)
    writerLink.hang()
    // It waits for Redis, for the members and for the intent, on a busy machine as well.
    const version = await raise(writer, id, [cache.key(id)], { deadlineMs: 60_000 })
    await eventually(() => expect(near.peek(id)).toBeUndefined(), { timeoutMs: 60_000 })
    await eventually(async () => expect(await versionOf(near, id)).toBe(version))
    orThrow(await idle.close())
  })

  test('whose hold was lost tells the members what was stored meanwhile', async () => {
    const change = beginChange(writer)
    change.invalidate(cache.key(id))
    orThrow(await change.hold())
    await reader.redis.client.del(reader.redis.keyPrefix + cache.key(id).text)
    await isNear()
    orThrow(await writer.postgres.query('UPDATE @schema.rows SET version = 7 WHERE id = $1', [id]))
    await change.release()
    expect(cache.peek(id)).toBeUndefined()
    expect(await versionOf(cache, id)).toBe(7)
  })
})

test('A client that has selected a database is a member in that one', async () => {
  const client = createClient({ url: redis.url })
  client.on('error', () => undefined)
  await client.connect()
  await client.select(3)
  const stores = await rows.open({ near: {}, redis: { client } })
  await isNear(rowCache(stores, { name: cache.name }))
  const fields = await client.hKeys(membersKey())
  expect(fields.filter((field) => !field.startsWith('!')).length).toBeGreaterThan(0)
  orThrow(await stores.close())
  await client.close()
})

test('A restarted server costs the near tier nothing but time', async () => {
  await redis.kill()
  await redis.restart()
  await Promise.all([isOpen(reader), isOpen(writer)])
  for (let round = 0; round < 3; round += 1) {
    await isNear()
    const version = await raise(writer, id, [cache.key(id)])
    expect(await versionOf(cache, id)).toBe(version)
  }
})

describe('A writer whose user may not', () => {
  test.each([
    ['publish', '-publish'],
    ['use INFO', '-info'],
  ])('%s waits until nobody can answer any more', async (_, rule) => {
    await ask(redis.url, 'ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '&*', '+@all', rule)
    const url = redis.url.replace('redis://', 'redis://limited:secret@')
    const limited = await rows.open({ near: {}, redis: { url } })
    await isOpen(limited)
    for (let round = 0; round < 3; round += 1) {
      await isNear()
      const version = await raise(limited, id, [cache.key(id)])
      expect(cache.peek(id)?.version ?? version).toBe(version)
      expect(await versionOf(cache, id)).toBe(version)
    }
    orThrow(await limited.close())
  })
})
