import {
  type CacheKey,
  connect,
  createRateLimiter,
  createRateLimits,
  createRelay,
  createSessions,
  defineCache,
  defineSink,
  type DiagnosticName,
  migrate,
  ok,
  orThrow,
  type Stores,
  type Transaction,
  transaction,
  type TransactionWork,
} from '@headwater/core'
import { isolate, type IsolatedStores } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest'

let own: IsolatedStores<'postgres' | 'redis'>
let stores: Stores

beforeAll(async () => {
  own = await isolate(inject('stack'))
  const { postgres, redis } = own
  stores = orThrow(
    await connect({
      postgres: { url: postgres.url },
      redis: { url: redis.url, keyPrefix: redis.prefix },
    }),
  )
  orThrow(await migrate(stores))
})
afterAll(async () => {
  orThrow(await stores.close())
  await own.dispose()
})
afterEach(() => {
  vi.useRealTimers()
})

const load = async () => new Map<number, string>()
const cacheOptions = { name: 'course', ttlMs: 1_000, load }
const sinkOptions = { name: 'log', types: ['*'], mode: 'log', handle: async () => undefined }

/** Options as a program without types would give them. */
const loose = (options: object): never => options as never

const misspelled: readonly [string, () => unknown, string][] = [
  [
    'a cache',
    () => defineCache(stores, loose({ ...cacheOptions, softTimeout: 5 })),
    'softTimeoutMs',
  ],
  ['sessions', () => createSessions(stores, loose({ ttl: 5 })), 'ttlMs'],
  ['a limiter', () => createRateLimiter(stores, loose({ name: 'a', limits: 5 })), 'limit'],
  [
    'a limit among several',
    () => createRateLimits(stores, loose({ limits: { a: { limit: 5, window: 5 } } })),
    'windowMs',
  ],
  [
    'limits',
    () => createRateLimits(stores, loose({ limits: {}, unavailable: 5 })),
    'onUnavailable',
  ],
  ['a relay', () => createRelay(stores, loose({ sinks: [], lease: 5 })), 'leaseMs'],
  ['a sink', () => defineSink(loose({ ...sinkOptions, batch: 5 })), 'batchSize'],
  ['the end of the stores', () => stores.close(loose({ deadline: 5 })), 'deadlineMs'],
  ['a migration', () => migrate(stores, loose({ set: [] })), 'sets'],
  [
    'a transaction',
    () => transaction(stores, async () => ok(1), loose({ deadline: 5 })),
    'deadlineMs',
  ],
]

test.each(misspelled)(
  'A misspelled option of %s is refused, and the closest one is named',
  (_, make, closest) => {
    expect(make).toThrow(`unknown: the closest option is ${closest}: got`)
  },
)

const monthMs = 30 * 86_400_000
const tooLong: readonly [string, () => unknown][] = [
  ['sessions', () => createSessions(stores, { lookEveryMs: monthMs })],
  ['a lease of a relay', () => createRelay(stores, { sinks: [], leaseMs: monthMs })],
  ['the ticks of a relay', () => createRelay(stores, { sinks: [], tickMs: monthMs })],
  ['the polls of a relay', () => createRelay(stores, { sinks: [], maxPollMs: monthMs })],
  ['the rest of a sink', () => createRelay(stores, { sinks: [], maxBackOffMs: monthMs })],
  ['the purge of a relay', () => createRelay(stores, { sinks: [], purgeMs: monthMs })],
]

test.each(tooLong)('A span of 30 days is refused for %s: a timer would fire at once', (_, make) => {
  expect(make).toThrow('expected at most 2147483647 ms: got 2592000000')
})

test('A misspelled option of a health check is refused, and the closest one is named', async () => {
  await expect(stores.health(loose({ deadline: 5 }))).rejects.toThrow(
    'stores.health: deadline: unknown: the closest option is deadlineMs: got 5',
  )
})

const deadlines = [{ deadline: 5 }, { deadlineMs: 0 }, { deadlineMs: Number.NaN }]
test.each(deadlines)('A relay does not wait for %j', async (given) => {
  const relay = createRelay(stores, { sinks: [] })
  for (const name of ['stop', 'drain'] as const)
    expect(() => relay[name](loose(given))).toThrow(`relay.${name}: deadline`)
  orThrow(await relay.stop())
})

test('An option that resembles none is refused, and all are named', () => {
  expect(() => createSessions(stores, loose({ zzz: 5 }))).toThrow(
    'createSessions: zzz: unknown: the options are ttlMs, absoluteTtlMs, lookEveryMs,',
  )
})

test('createRelay without sinks says that it wants them', () => {
  expect(() => createRelay(stores, undefined as never)).toThrow('the list of sinks to deliver to')
  expect(() => createRelay(stores, loose({ sinks: [undefined] }))).toThrow('defineSink returns')
})

test('A second cache of one name is reported', () => {
  const names = heard('cache:name-taken')
  defineCache(stores, { ...cacheOptions, name: 'twice' })
  expect(names).toEqual([])
  defineCache(stores, { ...cacheOptions, name: 'twice' })
  expect(names).toEqual([{ cache: 'twice' }])
})

test('tx.invalidate with an id rolls back and says what it takes', async () => {
  const work: TransactionWork<number, never> = async (tx) => {
    tx.invalidate(5 as unknown as CacheKey)
    return ok(1)
  }
  await expect(transaction(stores, work)).rejects.toThrow('a key made by cache.key(id), got 5')
})

test('Work that returns nothing rolls back and asks for the missing return', async () => {
  const work = (async (tx: Transaction) => {
    await tx.query('CREATE TABLE @schema.forgotten ()')
  }) as unknown as TransactionWork<number, never>
  await expect(transaction(stores, work)).rejects.toThrow('is a `return` missing?')
  const { rows } = orThrow(
    await stores.postgres.query(`SELECT to_regclass('@schema.forgotten') AS found`),
  )
  expect(rows).toEqual([{ found: null }])
})

test('A relay that is not started while events are published is reported, once', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const reports = heard('relay:not-started')
  const [forgotten, stopped] = [0, 1].map(() => createRelay(stores, { sinks: [] }))
  stores.diagnostics.emit('outbox:published', { count: 1 })
  stores.diagnostics.emit('outbox:published', { count: 1 })
  orThrow((await stopped?.stop()) ?? ok(undefined))
  vi.advanceTimersByTime(60_000)
  expect(reports).toEqual([{ owner: forgotten?.owner }])
})

function heard(name: DiagnosticName): unknown[] {
  const events: unknown[] = []
  stores.diagnostics.on(name, (event) => events.push(event))
  return events
}
