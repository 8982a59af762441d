import type { StoreError } from '../errors.ts'
import { type Result, ResultAsync, err, ok } from '../result.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import { literally, mastersOf } from '../stores/redis/scan/scan-keys.ts'
import { MemberNames } from './member-names.ts'

/** The processes that keep values of one cache near. */
export interface NearMembers {
  /** First part of the keys of the cache. */
  readonly cache: string
  /** Number of processes that hear of its changes. */
  readonly members: number
}

/**
 * Counts the processes that keep values near, by cache: those that are subscribed to its changes
 * now. Two Redis round trips, on every master of a cluster.
 */
export function nearMembers({
  redis,
}: {
  readonly redis: RedisStore
}): ResultAsync<readonly NearMembers[], StoreError> {
  return new ResultAsync(count(redis))
}

async function count(redis: RedisStore): Promise<Result<readonly NearMembers[], StoreError>> {
  const beginning = new MemberNames(redis.keyPrefix).channelOf('')
  const counts = new Map<string, number>()
  const nodes = await redis.run('find masters', () => mastersOf(redis))
  if (nodes.isErr()) return err(nodes.error)
  for (const node of nodes.value) {
    const found = await redis.run('count near members', async (client) => {
      const server = node ?? client
      const channels = await server.pubSubChannels(`${literally(beginning)}*`)
      return channels.length === 0 ? {} : server.pubSubNumSub(channels)
    })
    if (found.isErr()) return err(found.error)
    for (const [channel, members] of Object.entries(found.value)) {
      const cache = channel.slice(beginning.length)
      counts.set(cache, (counts.get(cache) ?? 0) + Number(members))
    }
  }
  return ok([...counts].map(([cache, members]) => ({ cache, members })).sort(byCache))
}

function byCache(one: NearMembers, other: NearMembers): number {
  return one.cache < other.cache ? -1 : 1
}
