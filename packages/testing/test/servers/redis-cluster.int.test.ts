import { createClient, createCluster, type RedisClientType } from '@redis/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startRedisCluster, type RedisCluster } from '../../src/index.ts'

let cluster: RedisCluster

beforeAll(async () => {
  cluster = await startRedisCluster()
})
afterAll(() => cluster.stop())

test('A Redis cluster spreads keys over three masters for the official client', async () => {
  const client = createCluster({ rootNodes: cluster.urls.map((url) => ({ url })) })
  client.on('error', () => undefined)
  await client.connect()
  const keys = Array.from({ length: 60 }, (_, number) => `key:${number}`)
  // A master that was without processor time is taken for lost, until it answers again.
  await eventually(() => Promise.all(keys.map((key) => client.set(key, key))))
  await eventually(async () =>
    expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys),
  )
  const sizes = await Promise.all(
    client.masters.map(async (master) => (await client.nodeClient(master)).dbSize()),
  )
  expect(sizes).toHaveLength(3)
  expect(sizes.every((size) => size > 0)).toBe(true)
  expect(sizes.reduce((sum, size) => sum + size)).toBe(60)
  await client.close()
})

test('A replica of a Redis cluster takes over from its master with all of its keys', async () => {
  const replicated = await startRedisCluster({ replicas: 1 })
  const client = createCluster({ rootNodes: replicated.urls.map((url) => ({ url })) })
  client.on('error', () => undefined)
  await client.connect()
  const keys = Array.from({ length: 30 }, (_, number) => `key:${number}`)
  await eventually(() => Promise.all(keys.map((key) => client.set(key, key))))
  for (const { url } of replicated.replicas) {
    const replica = createClient({ url })
    await replica.connect()
    await failOver(replica)
    replica.destroy()
  }
  // The client may still have to hear of the new master.
  await eventually(
    async () => expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys),
    { timeoutMs: 60_000 },
  )
  client.destroy()
  await replicated.stop()
})

test('A Redis cluster of fewer than three masters, or of -1 replicas, is refused', async () => {
  await expect(startRedisCluster({ masters: 2 })).rejects.toThrow(RangeError)
  await expect(startRedisCluster({ replicas: -1 })).rejects.toThrow(RangeError)
})

/** Makes a replica the master. It gives up without enough votes within 5 s, and is asked again. */
async function failOver(replica: RedisClientType): Promise<void> {
  const isMaster = async () => expect(await replica.info('replication')).toContain('role:master')
  await eventually(
    async () => {
      await replica.sendCommand(['CLUSTER', 'FAILOVER'])
      await eventually(isMaster, { timeoutMs: 6_000 })
    },
    { timeoutMs: 60_000 },
  )
}
