import { createClient } from '@redis/client'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { connect, type ConnectOptions, Diagnostics, orThrow, type Stores } from '@headwater/core'
import {
  eventually,
  faultProxy,
  isolate,
  type IsolatedStores,
  startRedisCluster,
  startRedisServer,
} from '@headwater/testing'

let own: IsolatedStores<'postgres' | 'redis'>
const opened: Stores[] = []

beforeAll(async () => {
  own = await isolate(inject('stack'))
})
afterAll(() => own.dispose())
afterEach(() => Promise.all(opened.splice(0).map((stores) => stores.close())))

async function open(
  redis: ConnectOptions['redis'],
  diagnostics = new Diagnostics(),
): Promise<Stores> {
  const stores = orThrow(
    await connect({
      postgres: { url: own.postgres.url, connectTimeoutMs: 30_000 },
      redis: { deadlineMs: 10_000, ...redis },
      connectDeadlineMs: 60_000,
      diagnostics,
    }),
  )
  opened.push(stores)
  return stores
}

/** Connects, and waits until Redis is up. */
async function openUp(redis: ConnectOptions['redis']): Promise<Stores> {
  const stores = await open(redis)
  await eventually(() => stores.redis.isAvailable && stores.redis.runId !== undefined, {
    timeoutMs: 60_000,
  })
  return stores
}

/** Connects within the second for which `connect` waits for a Redis that need not be there. */
async function openInTime(redis: ConnectOptions['redis']): Promise<Stores> {
  for (let tries = 0; tries < 20; tries += 1) {
    const startedMs = performance.now()
    const stores = await open(redis)
    if (performance.now() - startedMs <= 1_000) return stores
    orThrow(await stores.close({ deadlineMs: 60_000 }))
  }
  throw new Error('none of 20 connects ended within a second')
}

const ask = async (stores: Stores) =>
  (await stores.redis.run('get', (client) => client.get('key'))).match(
    () => 'ok',
    (failure) => failure.type,
  )

describe('Redis', () => {
  test('Redis is available and its run id is known as soon as connect returns', async () => {
    const stores = await openInTime({ url: own.redis.url })
    expect(stores.redis.runId).toMatch(/^[0-9a-f]{40}$/)
    expect([stores.redis.isAvailable, await ask(stores)]).toEqual([true, 'ok'])
  })

  test('connect succeeds while Redis is down, and Redis is used once it comes up', async () => {
    const server = await startRedisServer()
    await server.kill()
    const stores = await open({ url: server.url })
    expect([stores.redis.isAvailable, stores.redis.runId, await ask(stores)]).toEqual([
      false,
      undefined,
      'store-unavailable',
    ])
    await server.restart()
    await eventually(() => stores.redis.isAvailable)
    expect(await ask(stores)).toBe('ok')
    await server.stop()
  })

  test('A restart of Redis loses its trust, changes its run id and leaves the stores usable', async () => {
    const server = await startRedisServer()
    const stores = await openUp({ url: server.url })
    const before = stores.redis.runId
    let losses = 0
    stores.redis.onTrustLost(() => {
      losses += 1
    })
    await server.restart()
    await eventually(() => stores.redis.runId !== undefined && stores.redis.runId !== before)
    expect(losses).toBeGreaterThan(0)
    expect(await ask(stores)).toBe('ok')
    await server.stop()
  })

  test('A Redis server that hangs costs at most the deadline, then nothing, and recovers by itself', async () => {
    const server = await startRedisServer()
    const stores = await openUp({ url: server.url, deadlineMs: 300 })
    let losses = 0
    stores.redis.onTrustLost(() => {
      losses += 1
    })
    await server.pause()
    const startedMs = performance.now()
    expect(await ask(stores)).toBe('deadline-exceeded')
    expect(performance.now() - startedMs).toBeLessThan(20_000)
    expect(losses).toBeGreaterThan(0)
    for (let n = 0; n < 4; n += 1) await ask(stores)
    const openMs = performance.now()
    for (let n = 0; n < 100; n += 1) expect(await ask(stores)).toBe('store-unavailable')
    expect(performance.now() - openMs).toBeLessThan(15_000)
    await server.resume()
    await eventually(async () => (await ask(stores)) === 'ok')
    await server.stop()
  })

  test('A Redis connection that stays open but never answers is dropped and replaced', async () => {
    const proxy = await faultProxy(own.redis.url)
    const stores = await openUp({ url: proxy.url, connectTimeoutMs: 200, deadlineMs: 100 })
    const before = proxy.connectionsTotal
    proxy.hang()
    for (let n = 0; n < 5; n += 1) await ask(stores)
    await eventually(() => {
      expect(proxy.connectionsTotal).toBeGreaterThan(before + 2)
    })
    proxy.restore()
    await eventually(async () => (await ask(stores)) === 'ok', { timeoutMs: 60_000 })
    orThrow(await stores.close())
    await proxy.close()
  })

  test('A Redis reply that arrives while the event loop is busy does not count as late', async () => {
    const stores = await openUp({ url: own.redis.url, deadlineMs: 50 })
    await eventually(async () => {
      const answers = Promise.all(Array.from({ length: 20 }, () => ask(stores)))
      await new Promise(setImmediate)
      const until = performance.now() + 150
      while (performance.now() < until);
      expect(new Set(await answers)).toEqual(new Set(['ok']))
    })
  })

  test('A Redis command ends when its caller aborts it', async () => {
    const stores = await openUp({ url: own.redis.url })
    const controller = new AbortController()
    const call = stores.redis.run(
      'blpop',
      (client) => client.blPop(`${own.redis.prefix}nothing`, 1),
      { deadlineMs: 10_000, signal: controller.signal },
    )
    controller.abort()
    expect((await call)._unsafeUnwrapErr().type).toBe('deadline-exceeded')
  })

  test('A command that Redis refuses does not open the breaker', async () => {
    const stores = await openUp({ url: own.redis.url })
    for (let n = 0; n < 10; n += 1) {
      expect(
        (await stores.redis.run('bad', (client) => client.sendCommand(['GET'])))._unsafeUnwrapErr(),
      ).toMatchObject({ type: 'store-refused', code: 'ERR' })
    }
    expect(await ask(stores)).toBe('ok')
  })

  test('An exception thrown by a Redis command becomes a failure', async () => {
    const stores = await openUp({ url: own.redis.url })
    expect(
      (
        await stores.redis.run('bad', () => {
          throw new Error('mistake')
        })
      ).isErr(),
    ).toBe(true)
  })

  test('A Redis client supplied by the host stays connected and keeps no listeners after close', async () => {
    const client = createClient({ url: own.redis.url })
    await client.connect()
    const stores = await openUp({ client })
    expect([
      await ask(stores),
      stores.redis.client === (client as unknown),
      client.listenerCount('error'),
    ]).toEqual(['ok', true, 1])
    orThrow(await stores.close())
    expect([
      await client.get('key'),
      client.listenerCount('error'),
      client.listenerCount('ready'),
    ]).toEqual([null, 0, 0])
    client.destroy()
  })

  test('Commands of one use that are late refuse no command of another use', async () => {
    const stores = await openUp({ url: own.redis.url, deadlineMs: 10_000 })
    const [cache, sessions] = [stores.redis.usedFor('cache'), stores.redis.usedFor('sessions')]
    const uses: unknown[] = []
    stores.diagnostics.on('breaker:transition', ({ use, state }) => uses.push([use, state]))
    const server = stores.redis.runId
    const late = Array.from({ length: 6 }, () =>
      cache.run('late', () => new Promise(() => undefined), { deadlineMs: 3_000 }),
    )
    const answered = sessions.run('ping', (client) => client.ping())
    // The breaker lets a command try after a second: what it refuses is asked for at once.
    const refused = Promise.all(late).then(() => cache.run('ping', (client) => client.ping()))
    for (const result of await Promise.all(late))
      expect(result._unsafeUnwrapErr().type).toBe('deadline-exceeded')
    expect((await refused)._unsafeUnwrapErr().type).toBe('store-unavailable')
    expect((await answered).isOk()).toBe(true)
    expect(uses).toEqual([['cache', 'open']])
    expect(sessions.isAvailable).toBe(true)
    expect((await sessions.run('ping', (client) => client.ping())).isOk()).toBe(true)
    expect(stores.redis.runId).toBe(server)
    orThrow(await stores.close())
  })

  test('An open breaker fails Redis commands at once even when the host supplied the client', async () => {
    const proxy = await faultProxy(own.redis.url)
    const client = createClient({ url: proxy.url })
    await client.on('error', () => undefined).connect()
    const stores = await openUp({ client, deadlineMs: 50 })
    proxy.hang()
    // The process asks by itself too: which of five late commands is the fifth is not certain.
    // After a second the breaker lets a command try.
    await eventually(async () => {
      const openMs = performance.now()
      for (let n = 0; n < 100; n += 1) expect(await ask(stores)).toBe('store-unavailable')
      expect(performance.now() - openMs).toBeLessThan(4_000)
    })
    proxy.restore()
    await eventually(async () => (await ask(stores)) === 'ok', { timeoutMs: 60_000 })
    orThrow(await stores.close())
    client.destroy()
    await proxy.close()
  })

  test('A Redis cluster has one run id for all masters, which changes when one of them restarts', async () => {
    const cluster = await startRedisCluster()
    const stores = await openUp({ rootNodes: [...cluster.urls] })
    const before = await eventually(() => stores.redis.runId ?? false)
    expect(before).toMatch(/^[0-9a-f]{40}$/)
    for (const key of ['a', 'b', 'c', 'd'])
      orThrow(await stores.redis.run('set', (client) => client.set(key, key)))
    await cluster.masters[0]?.restart({ keepData: true })
    await eventually(() => stores.redis.runId !== undefined && stores.redis.runId !== before, {
      timeoutMs: 60_000,
    })
    orThrow(await stores.close())
    await cluster.stop()
  })
})
