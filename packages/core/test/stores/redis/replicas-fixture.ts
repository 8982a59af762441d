import { eventually, faultProxy, type RedisServer, startRedisServer } from '@headwater/testing'
import { createClient } from '@redis/client'
import { expect } from 'vitest'

/** Two servers, of which either may replicate the other over a link that can be cut. */
export interface ReplicaPair {
  readonly first: RedisServer
  readonly second: RedisServer
  /** Makes one server the replica of the other, and waits until it has all of its data. */
  replicate(replica: RedisServer): Promise<void>
  /** Makes a replica a primary, as a failover does. */
  promote(replica: RedisServer): Promise<void>
  /** Keeps later writes from the replica, which notices nothing. */
  holdReplication(): void
  stop(): Promise<void>
}

/** Time for a demotion or a promotion to be noticed, in milliseconds. */
export const noticedWithin = { timeoutMs: 60_000 }

/** Starts two primaries. */
export async function startReplicaPair(): Promise<ReplicaPair> {
  const [first, second] = await Promise.all([startRedisServer(), startRedisServer()])
  const links = new Map([
    [second, await faultProxy(first.url)],
    [first, await faultProxy(second.url)],
  ])
  return {
    first,
    second,
    replicate: async (replica) => {
      await replica.becomeReplicaOf(links.get(replica)?.url ?? '')
      const primary = replica === first ? second : first
      const written = await offsetOf(primary)
      await eventually(async () => {
        expect(await replica.isInSync()).toBe(true)
        expect(await offsetOf(replica)).toBeGreaterThanOrEqual(written)
      }, noticedWithin)
    },
    promote: (replica) => replica.becomePrimary(),
    holdReplication: () => {
      for (const link of links.values()) link.hang()
    },
    stop: async () => {
      await Promise.all([...links.values()].map((link) => link.close()))
      await Promise.all([first.stop(), second.stop()])
    },
  }
}

/** The end of the stream of writes that a server has made, or as a replica has received. */
async function offsetOf({ url }: RedisServer): Promise<number> {
  const info = await ask(url, 'INFO', 'replication')
  const isReplica = info.includes('role:slave')
  const field = isReplica ? /^slave_repl_offset:(\d+)/m : /^master_repl_offset:(\d+)/m
  return Number(field.exec(info)?.[1])
}

/** Sends one command over a connection of its own, and returns the reply as text. */
export async function ask(url: string, ...command: string[]): Promise<string> {
  const client = createClient({ url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const reply: unknown = await client.sendCommand(command)
    return String(reply)
  } finally {
    client.destroy()
  }
}
