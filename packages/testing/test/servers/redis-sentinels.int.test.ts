import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  eventually,
  type RedisSentinels,
  type RedisServer,
  startRedisSentinels,
  startRedisServer,
} from '../../src/index.ts'
import { redisCommand } from '../../src/servers/redis-command.ts'

let servers: readonly [RedisServer, RedisServer]
let sentinels: RedisSentinels

beforeAll(async () => {
  const [first, second] = (servers = await Promise.all([startRedisServer(), startRedisServer()]))
  await second.becomeReplicaOf(first.url)
  await eventually(() => second.isInSync())
  sentinels = await startRedisSentinels(first)
})
afterAll(async () => {
  await sentinels.stop()
  await Promise.all(servers.map((server) => server.stop()))
})

const roleOf = ({ port }: RedisServer) => redisCommand(port, ['INFO', 'replication'])

test('Sentinels make a replica the primary when they are asked to, and the old one goes on at first', async () => {
  const [first, second] = servers
  expect(await sentinels.primaryPort()).toBe(first.port)
  await sentinels.failOver()
  expect(await sentinels.primaryPort()).toBe(second.port)
  expect(await roleOf(first)).toContain('role:master')
  expect(await roleOf(second)).toContain('role:master')
  await eventually(async () => expect(await roleOf(first)).toContain('role:slave'), {
    timeoutMs: 60_000,
  })
})

test('Sentinels make the replica of a primary that was killed the primary', async () => {
  const [first, second] = servers
  await eventually(() => first.isInSync(), { timeoutMs: 60_000 })
  await second.kill()
  await eventually(async () => expect(await sentinels.primaryPort()).toBe(first.port), {
    timeoutMs: 60_000,
  })
})
