import { createClient } from '@redis/client'
import {
  createRateLimiter,
  createSessions,
  type Diagnostic,
  orThrow,
  type RateLimiter,
  type Sessions,
  type Stores,
} from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  rowCache,
  type RowCache,
  versionedRows,
  type VersionedRows,
} from '../../cache/versioned-rows.ts'

let rows: VersionedRows
let stores: Stores
let cache: RowCache
let sessions: Sessions
let limiter: RateLimiter

beforeAll(async () => {
  rows = await versionedRows()
  // The deadline that everybody has who sets none.
  stores = await rows.open({ redis: { url: rows.own.redis.url, deadlineMs: 100 } })
  cache = rowCache(stores, { ttlMs: 600_000 })
  sessions = createSessions(stores)
  limiter = createRateLimiter(stores, { name: 'calls', limit: 1_000_000 })
})
afterAll(() => rows.dispose())

const callers = Array.from({ length: 16 }, (_, index) => index + 1)

/** Synchronous work of a host, as hashing a password is. */
function work(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

test('A process whose event loop stalls refuses nothing that Redis has answered', async () => {
  const bare = createClient({ url: rows.own.redis.url })
  await bare.connect()
  const { token } = await eventually(async () => orThrow(await sessions.create({ userId: 'ada' })))
  const complaints: Diagnostic[] = []
  const names = ['breaker:transition', 'cache:bypass', 'invalidation:gate', 'rate-limit:fallback']
  stores.diagnostics.onAny((diagnostic) => {
    if (names.includes(diagnostic.name)) complaints.push(diagnostic)
  })
  const stalledCaller = async (id: number): Promise<boolean[]> => {
    const own: boolean[] = []
    for (let turn = 0; turn < 8; turn += 1) {
      const asked = Promise.all([
        cache.get(id),
        sessions.get(token),
        limiter.take(String(id)),
        bare.get('x'),
      ])
      if (id % 4 === 0) work(60)
      const [row, session, taken] = await asked
      own.push(row.isOk(), session.unwrapOr(undefined) !== undefined, !taken.isDegraded)
    }
    return own
  }
  // A deadline that runs while the loop stands still has passed in every round; one that Redis has
  // missed itself, in one round.
  await eventually(
    async () => {
      orThrow(await cache.getMany(callers))
      expect(cache.loads.length).toBeGreaterThan(0)
      expect(orThrow(await sessions.get(token))).toBeDefined()
      expect((await limiter.take('warm')).isDegraded).toBe(false)
      complaints.length = 0
      const ends = await Promise.all(callers.map(stalledCaller))
      expect(new Set(ends.flat())).toEqual(new Set([true]))
      expect(complaints).toEqual([])
    },
    { timeoutMs: 120_000 },
  )
  await bare.close()
})

test('A Redis that is slower than its deadline delays sessions and refuses none', async () => {
  const proxy = await faultProxy(rows.own.redis.url)
  const slow = await rows.open({ redis: { url: proxy.url, deadlineMs: 150 } })
  const cached = rowCache(slow, { name: 'slow' })
  const found = createSessions(slow)
  const { token } = await eventually(async () => orThrow(await found.create({ userId: 'ada' })))
  const bypasses: string[] = []
  slow.diagnostics.on('cache:bypass', ({ reason }) => bypasses.push(reason))
  // A session that has the deadline of the cache is late at every try.
  await eventually(
    async () => {
      proxy.restore()
      orThrow(await cached.get(1))
      expect(orThrow(await found.get(token))).toBeDefined()
      expect(slow.invalidation.isOpen).toBe(true)
      bypasses.length = 0
      proxy.delay(250)
      const [row, session] = await Promise.all([cached.get(1), found.get(token)])
      expect(orThrow(row)?.id).toBe(1)
      expect(orThrow(session)?.userId).toBe('ada')
      expect(bypasses).not.toEqual([])
    },
    { timeoutMs: 120_000 },
  )
  proxy.restore()
  await proxy.close()
})
