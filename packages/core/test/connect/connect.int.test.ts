import { createClient } from '@redis/client'
import { createClient as createClientWithModules } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { connect, type ConnectOptions, orThrow, type Stores } from '@headwater/core'
import {
  eventually,
  faultProxy,
  isolate,
  type IsolatedStores,
  startRedisServer,
} from '@headwater/testing'

let own: IsolatedStores<'postgres' | 'redis'>
const opened: Stores[] = []

beforeAll(async () => {
  own = await isolate(inject('stack'))
})
afterAll(() => own.dispose())
afterEach(() => Promise.all(opened.splice(0).map((stores) => stores.close())))

const options = (more: Partial<ConnectOptions> = {}): ConnectOptions => ({
  postgres: { url: own.postgres.url },
  redis: { url: own.redis.url, keyPrefix: own.redis.prefix },
  ...more,
})

async function open(more: Partial<ConnectOptions> = {}): Promise<Stores> {
  const stores = orThrow(await connect(options(more)))
  opened.push(stores)
  return stores
}

describe('connect', () => {
  test('connect gives up on a required store at its deadline and closes what it had opened', async () => {
    const proxy = await faultProxy(own.redis.url)
    const startedMs = performance.now()
    const result = await connect(
      options({
        postgres: { url: 'postgresql://127.0.0.1:1/none' },
        redis: { url: proxy.url },
        connectDeadlineMs: 1_000,
      }),
    )
    expect(result._unsafeUnwrapErr()).toMatchObject({
      type: 'store-unavailable',
      store: 'postgres',
    })
    expect(performance.now() - startedMs).toBeLessThan(9_000)
    await eventually(() => proxy.connections === 0)
    await proxy.close()
  })

  test('Two schemas on one Redis have keys of their own, and a prefix that is given holds', async () => {
    const inSchema = async (schema: string, more: { keyPrefix?: string } = {}): Promise<Stores> =>
      open({
        postgres: { url: own.postgres.url, schema },
        redis: { url: own.redis.url, ...more },
      })
    expect((await inSchema('shop')).redis.keyPrefix).toBe('shop:')
    expect((await inSchema('{a} b')).redis.keyPrefix).toBe('%7Ba%7D%20b:')
    expect((await inSchema('public')).redis.keyPrefix).toBe('')
    expect((await inSchema('shop', { keyPrefix: '' })).redis.keyPrefix).toBe('')
  })

  test('connect waits for a required store that is just starting', async () => {
    const proxy = await faultProxy(own.postgres.url)
    proxy.cut()
    const connecting = connect(options({ postgres: { url: proxy.url } }))
    setTimeout(() => {
      proxy.restore()
    }, 300)
    const stores = orThrow(await connecting)
    orThrow(await stores.close())
    await proxy.close()
  })

  test('connect fails at once when PostgreSQL refuses the database', async () => {
    const url = new URL(own.postgres.url)
    url.pathname = '/no_such_database'
    const startedMs = performance.now()
    expect(
      (
        await connect(options({ postgres: { url: url.href }, connectDeadlineMs: 120_000 }))
      )._unsafeUnwrapErr(),
    ).toMatchObject({ type: 'store-refused', code: '3D000' })
    expect(performance.now() - startedMs).toBeLessThan(60_000)
  })

  test('A failed connect leaves no listeners on a Redis client it was given', async () => {
    const client = createClient({ url: own.redis.url })
    client.on('error', () => undefined)
    await client.connect()
    const before = client.eventNames().map((name) => [name, client.listenerCount(name)])
    const result = await connect(
      options({
        postgres: { url: 'postgresql://127.0.0.1:1/none' },
        redis: { client },
        connectDeadlineMs: 50,
      }),
    )
    expect(result.isErr()).toBe(true)
    expect(client.eventNames().map((name) => [name, client.listenerCount(name)])).toEqual(before)
    client.destroy()
  })

  test('connect takes a client of the package redis, which has modules of its own', async () => {
    const client = await createClientWithModules({ url: own.redis.url }).connect()
    const redis = { client, keyPrefix: own.redis.prefix, deadlineMs: 10_000 }
    const stores = await open({ redis })
    await eventually(() => expect(stores.redis.isAvailable).toBe(true))
    expect(orThrow(await stores.redis.run('echo', (shared) => shared.echo('ours')))).toBe('ours')
    orThrow(await stores.close())
    expect(await client.ping()).toBe('PONG')
    client.destroy()
  })

  test('connect fails when a required Redis is unreachable', async () => {
    const result = await connect(
      options({ redis: { url: 'redis://127.0.0.1:1', required: true }, connectDeadlineMs: 1_500 }),
    )
    expect(result._unsafeUnwrapErr()).toMatchObject({ type: 'store-unavailable', store: 'redis' })
  })
})

describe('health', () => {
  test('health reports each store, and is degraded rather than down without an optional one', async () => {
    const server = await startRedisServer()
    const stores = await open({ redis: { url: server.url } })
    await eventually(() => expect(stores.redis.isAvailable).toBe(true))
    expect(await stores.health({ deadlineMs: 30_000 })).toMatchObject({
      status: 'up',
      stores: {
        postgres: { status: 'up', isRequired: true },
        redis: { status: 'up', isRequired: false },
      },
    })
    await server.kill()
    const report = await stores.health({ deadlineMs: 30_000 })
    expect(report).toMatchObject({
      status: 'degraded',
      stores: {
        postgres: { status: 'up' },
        redis: { status: 'degraded', error: expect.stringContaining('Redis') as string },
      },
    })
    await eventually(() => stores.isReady())
    await server.stop()
  })

  test('health reports down within its deadline, and isReady is false, while PostgreSQL hangs', async () => {
    const proxy = await faultProxy(own.postgres.url)
    const stores = await open({ postgres: { url: proxy.url } })
    await eventually(() => expect(stores.redis.isAvailable).toBe(true))
    proxy.hang()
    const startedMs = performance.now()
    expect(await stores.health({ deadlineMs: 3_000 })).toMatchObject({
      status: 'down',
      stores: { postgres: { status: 'down' }, redis: { status: 'up' } },
    })
    const tookMs = performance.now() - startedMs
    expect(tookMs).toBeGreaterThan(1_500)
    expect(tookMs).toBeLessThan(15_000)
    expect(await stores.isReady()).toBe(false)
    proxy.restore()
    orThrow(await stores.close({ deadlineMs: 60_000 }))
    await proxy.close()
  })
})

describe('close', () => {
  test('Closing stores are not ready, and every call to close returns the same promise', async () => {
    const stores = await open()
    await eventually(() => stores.isReady())
    const closing = stores.close({ deadlineMs: 60_000 })
    expect([stores.isClosing, await stores.isReady(), stores.close() === closing]).toEqual([
      true,
      false,
      true,
    ])
    orThrow(await closing)
    expect((await stores.postgres.query('SELECT 1'))._unsafeUnwrapErr().type).toBe(
      'store-unavailable',
    )
    expect(
      (await stores.redis.run('get', (client) => client.get('a')))._unsafeUnwrapErr().type,
    ).toBe('store-unavailable')
  })

  test('close runs beforeClose callbacks in reverse, with the time left, while the stores still work', async () => {
    const stores = await open()
    const calls: string[] = []
    stores.beforeClose(async (deadlineMs) => {
      calls.push(`first ${deadlineMs > 5_000 && deadlineMs <= 30_000}`)
    })
    stores.beforeClose(async () => {
      throw new Error('harmless')
    })
    stores.beforeClose(async () => {
      calls.push(`second ${(await stores.postgres.query('SELECT 1')).isOk()}`)
    })
    stores.beforeClose(async () => {
      calls.push('taken back')
    })()
    orThrow(await stores.close({ deadlineMs: 30_000 }))
    expect(calls).toEqual(['second true', 'first true'])
  })

  test('close cuts off a statement that outlasts its deadline and fails with deadline-exceeded', async () => {
    const stores = await open()
    const statement = stores.postgres
      .withConnection((connection) => connection.query('SELECT pg_sleep(20)'))
      .then(
        () => 'done',
        () => 'cut off',
      )
    await eventually(() => stores.postgres.pool.totalCount - stores.postgres.pool.idleCount > 0)
    const startedMs = performance.now()
    expect((await stores.close({ deadlineMs: 200 }))._unsafeUnwrapErr()).toMatchObject({
      type: 'deadline-exceeded',
      store: 'postgres',
      deadlineMs: 200,
    })
    expect(performance.now() - startedMs).toBeLessThan(15_000)
    expect(await statement).toBe('cut off')
  })

  test('close does not wait past its deadline for a beforeClose callback that never settles', async () => {
    const stores = await open()
    stores.beforeClose(() => new Promise(() => undefined))
    expect((await stores.close({ deadlineMs: 100 })).isErr()).toBe(true)
  })

  test('Stores declared with await using are closed at the end of the block', async () => {
    let outside: Stores
    {
      await using stores = orThrow(await connect(options()))
      outside = stores
    }
    expect(outside.isClosing).toBe(true)
  })
})
