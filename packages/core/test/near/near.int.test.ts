import { cacheKey, collectMetrics, ok, orThrow, type Stores, transaction } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  areTrusted,
  raise,
  redisKinds,
  rowCache,
  type RowCache,
  versionedRows,
  type VersionedRows,
  versionOf,
} from '../cache/versioned-rows.ts'

let rows: VersionedRows
let reader: Stores
let writer: Stores
let cache: RowCache
let id = 0
let names = 0

/** Reads until the value is kept near. */
const isNear = (of = cache, one = id) =>
  eventually(async () => {
    orThrow(await of.get(one))
    const value = of.peek(one)
    expect(value).toBeDefined()
    return value
  })

async function commandsOf(stores: Stores, work: () => Promise<void>): Promise<string[]> {
  const commands: string[] = []
  const end = stores.diagnostics.on('store:operation', ({ store, operation }) => {
    if (store === 'redis') commands.push(operation)
  })
  await work()
  end()
  return commands
}

describe.each(redisKinds)('The near tier on %s', (redis) => {
  beforeAll(async () => {
    rows = await versionedRows({ redis })
    reader = await rows.open({ near: {} })
    writer = await rows.open({ near: { maxBytes: 0 } })
    await areTrusted(reader, writer)
  })
  afterAll(() => rows.dispose())
  beforeEach(() => {
    names += 1
    id += 1
    cache = rowCache(reader, { name: `near${names}` })
  })

  test('A value that was read from Redis answers without any command', async () => {
    // The gate's own look, or the end of a lease, may come in between.
    await eventually(async () => {
      await isNear()
      const metrics = collectMetrics(reader.diagnostics)
      const commands = await commandsOf(reader, async () => {
        expect(await versionOf(cache, id)).toBe(1)
        expect(orThrow(await cache.getMany([id])).get(id)).toEqual({ id, version: 1 })
      })
      const { cache: counted } = metrics.snapshot()
      metrics.stop()
      expect(commands).toEqual([])
      expect(counted).toMatchObject({ hits: 2, misses: 0 })
    })
  })

  test('A read after a commit of another process never sees an older value', async () => {
    for (let version = 1; version < 15; version += 1) {
      await isNear()
      expect(await versionOf(cache, id)).toBe(version)
      await raise(writer, id, [cache.key(id)])
      expect(cache.peek(id)).toBeUndefined()
      expect(await versionOf(cache, id)).toBe(version + 1)
    }
  })

  test('A value is not kept when a change of its key was heard of while it was read', async () => {
    await isNear()
    const near = reader.invalidation.startNear()
    const keyInRedis = reader.redis.keyPrefix + cache.key(id).text
    await near.announce([cache.key(id).text])
    expect(cache.peek(id)).toBeUndefined()
    const read = cache.get(id)
    near.changes.note(keyInRedis)
    orThrow(await read)
    expect(cache.peek(id)).toBeUndefined()
    await isNear()
  })

  test('A value is not kept when its process left while it was read, and joined anew', async () => {
    await isNear()
    await reader.invalidation.startNear().announce([cache.key(id).text])
    const read = cache.get(id)
    reader.invalidation.startNear().membership.leave('flushed')
    orThrow(await read)
    expect(cache.peek(id)).toBeUndefined()
    await isNear()
  })

  test('A value ends near with its tags', async () => {
    const tag = cacheKey(`tag${names}`, id)
    const tagged = rowCache(reader, { name: `tagged${names}`, tags: () => [tag] })
    for (let version = 1; version < 4; version += 1) {
      expect((await isNear(tagged))?.version).toBe(version)
      await raise(writer, id, [tag])
      expect(tagged.peek(id)).toBeUndefined()
    }
  })

  test('A row that does not exist is known near, until it is made', async () => {
    const missing = 1_000 + id
    await eventually(async () => {
      const commands = await commandsOf(reader, async () => {
        expect(orThrow(await cache.get(missing))).toBeUndefined()
      })
      expect(commands).toEqual([])
    })
    orThrow(
      await transaction(writer, async (tx) => {
        tx.invalidate(cache.key(missing))
        await tx.query('INSERT INTO @schema.rows VALUES ($1, 1)', [missing])
        return ok(undefined)
      }),
    )
    expect(await versionOf(cache, missing)).toBe(1)
  })

  test('A reader gets a value of its own, and peek one that is frozen and shared', async () => {
    await isNear()
    const mine = orThrow(await cache.get(id))
    if (mine !== undefined) mine.version = 99
    expect(await versionOf(cache, id)).toBe(1)
    expect(cache.peek(id)).toBe(cache.peek(id))
    expect(Object.isFrozen(cache.peek(id))).toBe(true)
  })

  test('A transaction sees its own writes, and an aborted reader gets no answer', async () => {
    await isNear()
    orThrow(
      await transaction(writer, async (tx) => {
        await tx.query('UPDATE @schema.rows SET version = 5 WHERE id = $1', [id])
        expect(orThrow(await cache.get(id, { tx }))?.version).toBe(5)
        expect(await versionOf(cache, id)).toBe(1)
        return ok(undefined)
      }),
    )
    const aborted = await cache.get(id, { signal: AbortSignal.abort() })
    expect(aborted.isErr()).toBe(true)
  })

  test('Where some ids are near and some are not, getMany keeps their order', async () => {
    await isNear()
    const ids = [id + 1, id, 5_000, id + 2]
    const found = orThrow(await cache.getMany(ids))
    expect([...found.keys()]).toEqual([id + 1, id, id + 2])
    expect(found.get(id)).toEqual({ id, version: 1 })
  })

  test('A hit that is compared with its row tells of a writer that names no keys', async () => {
    const audited = rowCache(reader, { name: `audited${names}`, near: { auditEveryMs: 1 } })
    const found: boolean[] = []
    const end = reader.diagnostics.on('near:audit', ({ isStale }) => found.push(isStale))
    await isNear(audited)
    await eventually(async () => {
      await versionOf(audited, id)
      expect(found).toContain(false)
    })
    expect(found).not.toContain(true)
    orThrow(await writer.postgres.query('UPDATE @schema.rows SET version = 8 WHERE id = $1', [id]))
    await eventually(async () => {
      await versionOf(audited, id)
      expect(found).toContain(true)
    })
    end()
  })

  test('A cache that says `near: false` keeps nothing', async () => {
    const far = rowCache(reader, { name: `far${names}`, near: false })
    for (let reads = 0; reads < 5; reads += 1) await versionOf(far, id)
    expect(far.peek(id)).toBeUndefined()
  })
})

test.each([
  [{ near: { maxBytes: -1 } }, /near/],
  [{ near: true }, /near/],
])('defineCache refuses %j', async (options, message) => {
  expect(() => rowCache(reader, options as never)).toThrow(message)
})
