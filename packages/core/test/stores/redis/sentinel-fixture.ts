import type { ConnectOptions } from '@headwater/core'
import {
  eventually,
  type RedisSentinels,
  type RedisServer,
  startRedisSentinels,
  startRedisServer,
} from '@headwater/testing'
import { expect } from 'vitest'
import { ask, noticedWithin } from './replicas-fixture.ts'

/** A primary with a replica, and Sentinels that watch them. */
export interface SentinelGroup {
  readonly servers: readonly RedisServer[]
  readonly sentinels: RedisSentinels
  /** Options of `connect`, with a user of the servers' own. */
  readonly redis: ConnectOptions['redis']
  /** The server that the Sentinels name. */
  primary(): Promise<RedisServer>
  stop(): Promise<void>
}

/** The user that {@link SentinelGroup.redis} names. */
export const user = 'app'

/** Starts a group of two servers and three Sentinels. */
export async function startSentinelGroup(): Promise<SentinelGroup> {
  const [first, second] = await Promise.all([startRedisServer(), startRedisServer()])
  const servers = [first, second]
  for (const { url } of servers)
    await ask(url, 'ACL', 'SETUSER', user, 'on', '>secret', '~*', '&*', '+@all')
  await second.becomeReplicaOf(first.url)
  await eventually(async () => expect(await second.isInSync()).toBe(true), noticedWithin)
  const sentinels = await startRedisSentinels(first)
  return {
    servers,
    sentinels,
    redis: {
      sentinels: sentinels.addresses,
      name: sentinels.name,
      username: user,
      password: 'secret',
    },
    primary: async () => {
      const port = await sentinels.primaryPort()
      return servers.find((server) => server.port === port) ?? first
    },
    stop: async () => {
      await sentinels.stop()
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
}

/** How many connections of the group's user a server has. */
export async function connectionsTo({ url }: RedisServer): Promise<number> {
  const list = await ask(url, 'CLIENT', 'LIST')
  return list.split('\n').filter((line) => line.includes(` user=${user} `)).length
}
