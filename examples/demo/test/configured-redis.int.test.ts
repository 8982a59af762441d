import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { connect, orThrow } from '@headwater/core'
import {
  isolate,
  type IsolatedStores,
  type RedisCluster,
  startRedisCluster,
} from '@headwater/testing'
import { configuredRedis } from '../src/redis/configured-redis.ts'

let own: IsolatedStores<'postgres'>
let cluster: RedisCluster
beforeAll(async () => {
  ;[own, cluster] = await Promise.all([
    isolate({ postgres: inject('stack').postgres }),
    startRedisCluster(),
  ])
})
afterAll(async () => {
  await cluster.stop()
  await own.dispose()
})

test('The keys of a run are read on a cluster, and removed from all its nodes after the stores', async () => {
  const redis = configuredRedis({ rootNodes: cluster.urls })
  const stores = orThrow(
    await connect({
      postgres: { url: own.postgres.url },
      redis: { ...redis.options, keyPrefix: redis.prefix, required: true },
    }),
  )
  const { client } = stores.redis
  const names = Array.from({ length: 30 }, (_, n) => `key:${n}`)
  await Promise.all(names.map((name) => client.set(`${redis.prefix}${name}`, name)))
  await client.set('of-another', 'kept')
  expect(
    await redis.look(stores, (look) =>
      Promise.all(names.map((name) => look.get(`${redis.prefix}${name}`))),
    ),
  ).toEqual(names)
  orThrow(await stores.close())

  await redis.clear(stores)
  const left = await Promise.all(cluster.masters.map((master) => keysOf(master.url)))
  expect(left.flat().filter((key) => key.startsWith(redis.prefix))).toEqual([])
  expect(left.flat()).toContain('of-another')
})

async function keysOf(url: string): Promise<string[]> {
  const { createClient } = await import('@redis/client')
  const client = createClient({ url })
  await client.connect()
  try {
    return await client.keys('*')
  } finally {
    client.destroy()
  }
}
