import { createSessions, orThrow, type Sessions, type Stores } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  raise,
  rowCache,
  type RowCache,
  versionedRows,
  type VersionedRows,
  versionOf,
} from '../cache/versioned-rows.ts'
import { noticedWithin } from '../stores/redis/replicas-fixture.ts'
import { type SentinelGroup, startSentinelGroup } from '../stores/redis/sentinel-fixture.ts'

let rows: VersionedRows
let group: SentinelGroup
let reader: Stores
let writer: Stores

beforeAll(async () => {
  rows = await versionedRows()
})
afterAll(() => rows.dispose())
beforeEach(async () => {
  group = await startSentinelGroup()
  const redis = { ...group.redis, deadlineMs: 2_000 }
  ;[reader, writer] = [await rows.open({ near: {}, redis }), await rows.open({ near: {}, redis })]
})
afterEach(async () => {
  await Promise.all([reader, writer].map((stores) => stores.close()))
  await group.stop()
})

const failovers: readonly (readonly [name: string, begin: () => Promise<unknown>])[] = [
  ['is replaced though it is well', () => group.sentinels.failOver()],
  ['is killed', async () => (await group.primary()).kill()],
]
const ids = Array.from({ length: 20 }, (_, index) => index + 1)

/** Resolves once both processes trust another server than before. */
async function areOver(before: string | undefined): Promise<void> {
  for (const { redis, invalidation } of [reader, writer])
    await eventually(() => {
      expect([undefined, before]).not.toContain(redis.runId)
      expect(invalidation.isOpen).toBe(true)
    }, noticedWithin)
}

/** Repeats `work` until the returned function is called, which resolves with the first failure. */
function repeatedly(work: () => Promise<unknown>): () => Promise<void> {
  let isOver = false
  const running = (async () => {
    while (!isOver) await work()
  })()
  // It is looked at later.
  running.catch(() => undefined)
  return () => {
    isOver = true
    return running
  }
}

async function servesFromRedis(cache: RowCache): Promise<void> {
  await eventually(async () => {
    orThrow(await cache.getMany(ids))
    const before = cache.loads.length
    orThrow(await cache.getMany(ids))
    expect(cache.loads).toHaveLength(before)
  }, noticedWithin)
}

describe('while reads and writes go on and the primary', () => {
  test.each(failovers)('%s, no read is older than a commit', async (_, begin) => {
    const cache = rowCache(reader)
    const committed = new Map(ids.map((id) => [id, 0]))
    let reads = 0
    await servesFromRedis(cache)
    const before = reader.redis.runId
    let turn = 0
    const stopWriting = repeatedly(async () => {
      const id = ids[(turn += 1) % ids.length] as number
      committed.set(id, await raise(writer, id, [cache.key(id)]))
    })
    const stopReading = repeatedly(async () => {
      const floors = new Map(committed)
      const found = orThrow(await cache.getMany(ids))
      for (const id of ids) expect(found.get(id)?.version).toBeGreaterThanOrEqual(floors.get(id)!)
      reads += 1
      await new Promise(setImmediate)
    })
    await begin()
    await areOver(before)
    const readsThen = reads
    await eventually(() => expect(reads).toBeGreaterThan(readsThen + 20), noticedWithin)
    await Promise.all([stopWriting(), stopReading()])
    await servesFromRedis(cache)
  })

  test.each(failovers)('%s, no revoked session is found', async (_, begin) => {
    const [ours, theirs] = [createSessions(reader), createSessions(writer)]
    const users = Array.from({ length: 200 }, (_, index) => `user ${index}`)
    const tokens = new Map<string, string>()
    for (const userId of users) tokens.set(userId, orThrow(await theirs.create({ userId })).token)
    const before = reader.redis.runId
    const revoked: string[] = []
    const waiting = [...users]
    const stopRevoking = repeatedly(async () => {
      const [userId] = waiting
      if (userId !== undefined && (await theirs.revokeAll(userId)).isOk())
        revoked.push(waiting.shift() as string)
      await new Promise((resolve) => setTimeout(resolve, 20))
    })
    const stopLooking = repeatedly(async () => {
      const ended = [...revoked]
      const found = await Promise.all(ended.map((userId) => isFound(ours, tokens.get(userId))))
      expect(ended.filter((_, index) => found[index])).toEqual([])
      await new Promise(setImmediate)
    })
    await begin()
    await areOver(before)
    await eventually(() => expect(waiting).toEqual([]), noticedWithin)
    await Promise.all([stopRevoking(), stopLooking()])
    expect(revoked).toHaveLength(users.length)
  })
})

describe('Control: a process that stays with the old primary', () => {
  let left: Stores

  beforeEach(async () => {
    const { url } = await group.primary()
    left = await rows.open({ redis: { url, deadlineMs: 2_000 } })
    await eventually(() => expect(left.invalidation.isOpen).toBe(true), noticedWithin)
  })
  afterEach(() => left.close())

  /** Moves the others; the old primary is left as it is while the Sentinels stand still. */
  async function moveOthers(): Promise<void> {
    const before = writer.redis.runId
    await group.sentinels.failOver()
    await Promise.all(group.sentinels.servers.map((sentinel) => sentinel.pause()))
    await areOver(before)
  }

  test('reads what is older than a commit', async () => {
    const [id] = ids as [number]
    const cache = rowCache(left)
    await servesFromRedis(cache)
    await moveOthers()
    const committed = await raise(writer, id, [cache.key(id)])
    expect(await versionOf(cache, id)).toBeLessThan(committed)
  })

  test('finds a revoked session', async () => {
    const [theirs, userId] = [createSessions(writer), 'user']
    const { token } = orThrow(await theirs.create({ userId }))
    const sessions = createSessions(left)
    await eventually(async () => expect(await isFound(sessions, token)).toBe(true), noticedWithin)
    await moveOthers()
    orThrow(await theirs.revokeAll(userId))
    expect(await isFound(createSessions(reader), token)).toBe(false)
    expect(await isFound(sessions, token)).toBe(true)
  })
})

/** A store that is not available finds nobody. */
async function isFound(sessions: Sessions, token = ''): Promise<boolean> {
  return (await sessions.get(token)).map((session) => session !== undefined).unwrapOr(false)
}
