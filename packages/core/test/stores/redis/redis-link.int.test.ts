import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { connect, type ConnectOptions, orThrow, type Stores } from '@headwater/core'
import {
  eventually,
  faultProxy,
  type FaultProxy,
  freePort,
  isolate,
  type IsolatedStores,
  type RedisCluster,
  startRedisCluster,
} from '@headwater/testing'
import { createClient, createCluster } from '@redis/client'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { defaultsOf } from '../../../src/stores/option-table.ts'
import { discardClient } from '../../../src/stores/redis/redis-client.ts'
import { RedisLink } from '../../../src/stores/redis/redis-link.ts'
import { redisOptions } from '../../../src/stores/redis/redis-options.ts'

let own: IsolatedStores<'postgres' | 'redis'>
let proxy: FaultProxy
const opened: Stores[] = []

beforeAll(async () => {
  own = await isolate(inject('stack'))
  proxy = await faultProxy(own.redis.url)
})
afterAll(async () => {
  await proxy.close()
  await own.dispose()
})
afterEach(() => Promise.all(opened.splice(0).map((stores) => stores.close())))

async function open(redis: ConnectOptions['redis']): Promise<Stores> {
  const stores = orThrow(
    await connect({
      postgres: { url: own.postgres.url, connectTimeoutMs: 30_000 },
      redis: { deadlineMs: 10_000, ...redis },
      connectDeadlineMs: 60_000,
    }),
  )
  opened.push(stores)
  return stores
}

const get = (stores: Stores) =>
  stores.redis.run('get', (client) => client.get(`${own.redis.prefix}key`))

describe('a connection to Redis', () => {
  test('A Redis connection is replaced only once when many commands miss their deadline together', async () => {
    const stores = await open({ url: proxy.url, deadlineMs: 300, connectTimeoutMs: 60_000 })
    await eventually(() => expect(stores.redis.isAvailable).toBe(true), { timeoutMs: 60_000 })
    const before = proxy.connectionsTotal
    proxy.hang()
    const late = Promise.all(Array.from({ length: 200 }, () => get(stores)))
    await new Promise(setImmediate)
    const until = performance.now() + 600
    while (performance.now() < until);
    expect((await late).every((result) => result.isErr())).toBe(true)
    proxy.restore()
    await eventually(() => expect(stores.redis.isAvailable).toBe(true))
    expect(proxy.connectionsTotal).toBe(before + 1)
    await eventually(() => expect(proxy.connections).toBe(1))
  })

  test('A client that cannot be made is tried again later, and its error is told', async () => {
    const errors: unknown[] = []
    let isBroken = false
    const settings = {
      ...defaultsOf(redisOptions),
      connectTimeoutMs: 1_000,
      get url() {
        if (isBroken) throw new Error('no client today')
        return proxy.url
      },
    }
    const link = new RedisLink(settings, {
      onUp: () => undefined,
      onDown: () => undefined,
      onError: (error) => errors.push(error),
    })
    try {
      await eventually(() => link.isUp)
      isBroken = true
      link.replace()
      expect(link.reason).toBe('no client today')
      await eventually(() => errors.length > 1)
      isBroken = false
      await eventually(() => link.isUp)
    } finally {
      link.destroy()
    }
  })

  test('A Redis client discarded before its server has answered closes its connection', async () => {
    const before = proxy.connectionsTotal
    const client = createClient({ url: proxy.url })
    const connecting = client.connect().catch(() => undefined)
    discardClient(client)
    await connecting
    await eventually(() =>
      expect([proxy.connectionsTotal - before, proxy.connections]).toEqual([1, 0]),
    )
  })
})

test('A Sentinel is refused with a sentence that says what to connect to', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'headwater-sentinel-'))
  const port = await freePort()
  await writeFile(join(dir, 'sentinel.conf'), `port ${port}\nbind 127.0.0.1\n`)
  const sentinel = spawn('redis-server', ['sentinel.conf', '--sentinel'], { cwd: dir })
  try {
    const stores = await open({ url: `redis://127.0.0.1:${port}` })
    await eventually(
      async () =>
        expect((await stores.health()).stores.redis).toMatchObject({
          status: 'degraded',
          error: expect.stringContaining('connect to the primary it watches') as string,
        }),
      { timeoutMs: 60_000 },
    )
    orThrow(await stores.close())
  } finally {
    sentinel.kill()
    await once(sentinel, 'close')
    await rm(dir, { recursive: true })
  }
})

describe('a connection to a cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster.stop())

  /** How many clients each master has, without the one that asks. */
  const clients = () =>
    Promise.all(
      cluster.urls.map(async (url) => {
        const client = await createClient({ url }).connect()
        const list = await client.clientList({ TYPE: 'NORMAL' })
        client.destroy()
        return list.length - 1
      }),
    )

  test('A cluster client discarded while it connects closes its connections to every node', async () => {
    for (const event of ['node-connect', undefined]) {
      const client = createCluster({
        rootNodes: cluster.urls.map((url) => ({ url })),
        defaults: { socket: { reconnectStrategy: () => 10 } },
      })
      const connecting = client.connect().catch(() => undefined)
      if (event !== undefined) await once(client, event)
      discardClient(client)
      await connecting
    }
    await eventually(async () => expect(await clients()).toEqual([0, 0, 0]))
  })

  test('A Redis cluster that answers is up in health, and one without a master is not', async () => {
    const stores = await open({ rootNodes: cluster.urls })
    await eventually(
      async () => expect((await stores.health()).stores.redis).toMatchObject({ status: 'up' }),
      { timeoutMs: 60_000 },
    )
    await cluster.masters[1]?.kill()
    expect((await stores.health()).stores.redis).toMatchObject({ status: 'degraded' })
    await cluster.masters[1]?.restart()
    await eventually(
      async () => expect((await stores.health()).stores.redis).toMatchObject({ status: 'up' }),
      { timeoutMs: 60_000 },
    )
    orThrow(await stores.close())
  })

  test('connect succeeds while a Redis cluster is down, and the cluster is used once it comes up', async () => {
    await Promise.all(cluster.masters.map((master) => master.kill()))
    const stores = await open({ rootNodes: cluster.urls, connectTimeoutMs: 1_000 })
    expect(stores.redis.isAvailable).toBe(false)
    await Promise.all(cluster.masters.map((master) => master.restart()))
    await eventually(async () => expect((await get(stores)).isOk()).toBe(true), {
      timeoutMs: 60_000,
    })
    orThrow(await stores.close())
    await eventually(async () => expect(await clients()).toEqual([0, 0, 0]))
  })
})
