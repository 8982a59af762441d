import { connect, type ConnectOptions, orThrow } from '@headwater/core'
import {
  eventually,
  isolate,
  type IsolatedStores,
  type RedisCluster,
  type RedisServer,
  startRedisCluster,
  startRedisServer,
} from '@headwater/testing'
import { createClient } from '@redis/client'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

let own: IsolatedStores<'postgres' | 'redis'>
let server: RedisServer
let current = 'first'

beforeAll(async () => {
  own = await isolate(inject('stack'))
  server = await startRedisServer({ args: ['--requirepass', current] })
})
afterAll(async () => {
  await server.stop()
  await own.dispose()
})

function options(redis: ConnectOptions['redis']): ConnectOptions {
  return { postgres: { url: own.postgres.url }, redis: { required: true, ...redis } }
}

/** Changes the password and ends every connection that used the former one. */
async function changePassword(password: string): Promise<void> {
  const admin = createClient({ url: server.url, password: current })
  admin.on('error', () => undefined)
  await admin.connect()
  await admin.sendCommand(['CONFIG', 'SET', 'requirepass', password])
  current = password
  await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
  admin.destroy()
}

describe('The password of Redis', () => {
  test('A password that changes is used by every connection made after that', async () => {
    await using stores = orThrow(
      await connect(options({ url: server.url, password: async () => current })),
    )
    for (const password of ['second', 'third']) {
      await changePassword(password)
      await eventually(async () => {
        orThrow(await stores.redis.run('ping', (client) => client.ping()))
      })
    }
    const stale = (
      await connect(options({ url: server.url, password: 'first' }))
    )._unsafeUnwrapErr()
    expect(stale.message).toContain('not accepted (WRONGPASS)')
  })

  test('A function that fails is named, without its own words', async () => {
    const password = () => Promise.reject(new Error('vault says s3cr3t'))
    await using stores = orThrow(
      await connect(options({ url: server.url, password, required: false })),
    )
    await eventually(async () => {
      const { error } = (await stores.health()).stores.redis ?? {}
      expect(error).toContain('the function of `redis.password` failed')
      expect(error).not.toContain('s3cr3t')
    })
  })
})

describe('The password of a cluster', () => {
  let cluster: RedisCluster

  beforeAll(async () => {
    cluster = await startRedisCluster()
    for (const { url } of cluster.masters) {
      const admin = createClient({ url })
      await admin.connect()
      await admin.sendCommand(['CONFIG', 'SET', 'requirepass', 'shared'])
      admin.destroy()
    }
  })
  afterAll(() => cluster.stop())

  test.each([
    ['of the URLs of its root nodes', (url: string) => url.replace('//', '//:shared@'), undefined],
    ['of a function', (url: string) => url, async () => 'shared'],
  ])('A password %s is given to every node', async (_, urlOf, password) => {
    const rootNodes = cluster.urls.map(urlOf)
    await using stores = orThrow(
      await connect(options({ rootNodes, ...(password === undefined ? {} : { password }) })),
    )
    const keys = Array.from({ length: 50 }, (_key, at) => `key-${at}`)
    const written = await Promise.all(
      keys.map((key) => stores.redis.run('set', (client) => client.set(key, 'x'))),
    )
    expect(written.map((one) => orThrow(one))).toEqual(keys.map(() => 'OK'))
  })
})
