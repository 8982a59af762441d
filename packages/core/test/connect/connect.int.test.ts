import { createClient } from 'redis'
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
  test('gives up on a required store at its deadline, closing what it had opened', async () => {
    const proxy = await faultProxy(own.redis.url)
    const startedMs = performance.now()
    const result = await connect(
      options({
        postgres: { url: 'postgresql://127.0.0.1:1/none' },
        redis: { url: proxy.url },
        connectDeadlineMs: 400,
      }),
    )
    expect(result._unsafeUnwrapErr()).toMatchObject({
      type: 'store-unavailable',
      store: 'postgres',
    })
    expect(performance.now() - startedMs).toBeLessThan(1_500)
    await eventually(() => proxy.connections === 0)
    await proxy.close()
  })

  test('waits for a required store that is just starting', async () => {
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

  test('fails at once when the server refuses the credentials or the database', async () => {
    const url = new URL(own.postgres.url)
    url.pathname = '/no_such_database'
    const startedMs = performance.now()
    expect(
      (await connect(options({ postgres: { url: url.href } })))._unsafeUnwrapErr(),
    ).toMatchObject({ type: 'store-refused', code: '3D000' })
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  })

  test('A failed connect leaves no listener on a client that was handed in', async () => {
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

  test('fails without a Redis that is required', async () => {
    const result = await connect(
      options({ redis: { url: 'redis://127.0.0.1:1', required: true }, connectDeadlineMs: 300 }),
    )
    expect(result._unsafeUnwrapErr()).toMatchObject({ type: 'deadline-exceeded', store: 'redis' })
  })
})

describe('health', () => {
  test('says how each store is, and is degraded, not down, without an optional one', async () => {
    const server = await startRedisServer()
    const stores = await open({ redis: { url: server.url } })
    expect(await stores.health()).toMatchObject({
      status: 'up',
      stores: {
        postgres: { status: 'up', isRequired: true },
        redis: { status: 'up', isRequired: false },
      },
    })
    await server.kill()
    const report = await stores.health()
    expect(report).toMatchObject({
      status: 'degraded',
      stores: {
        postgres: { status: 'up' },
        redis: { status: 'degraded', error: expect.stringContaining('Redis') as string },
      },
    })
    expect(await stores.isReady()).toBe(true)
    await server.stop()
  })

  test('is down and not ready within its deadline when PostgreSQL hangs', async () => {
    const proxy = await faultProxy(own.postgres.url)
    const stores = await open({ postgres: { url: proxy.url } })
    proxy.hang()
    const startedMs = performance.now()
    expect(await stores.health({ deadlineMs: 300 })).toMatchObject({
      status: 'down',
      stores: { postgres: { status: 'down' }, redis: { status: 'up' } },
    })
    expect(performance.now() - startedMs).toBeLessThan(900)
    expect(await stores.isReady()).toBe(false)
    proxy.restore()
    orThrow(await stores.close())
    await proxy.close()
  })
})

describe('close', () => {
  test('is not ready from the moment it begins, and is the same however often it is called', async () => {
    const stores = await open()
    expect(await stores.isReady()).toBe(true)
    const closing = stores.close()
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

  test('close calls what was registered in reverse order, while the stores work, with the time left', async () => {
    const stores = await open()
    const calls: string[] = []
    stores.beforeClose(async (deadlineMs) => {
      calls.push(`first ${deadlineMs <= 1_000}`)
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
    orThrow(await stores.close({ deadlineMs: 1_000 }))
    expect(calls).toEqual(['second true', 'first true'])
  })

  test('cuts off at its deadline what does not end, and says so', async () => {
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
    expect(performance.now() - startedMs).toBeLessThan(1_000)
    expect(await statement).toBe('cut off')
  })

  test('does not wait for a registered stop beyond the deadline', async () => {
    const stores = await open()
    stores.beforeClose(() => new Promise(() => undefined))
    expect((await stores.close({ deadlineMs: 100 })).isErr()).toBe(true)
  })

  test('happens at the end of the block that the stores were declared in', async () => {
    let outside: Stores
    {
      await using stores = orThrow(await connect(options()))
      outside = stores
    }
    expect(outside.isClosing).toBe(true)
  })
})
