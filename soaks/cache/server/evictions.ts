import { setTimeout } from 'node:timers/promises'
import type { RedisServer } from '@headwater/testing'
import { createClient } from '@redis/client'

const everyMs = 60
/** Small, because every commit waits for a second after it. */
const membersShare = 0.03

/**
 * Evicts a random key unless it is a hold. Redis evicts keys that have an expiry, but the promise
 * of the cache excludes a server that loses an acknowledged hold without a restart; such a server
 * must run with `noeviction` or spare memory. Values, leases and tags may be evicted at any time,
 * and so may the lists of members, which have no expiry: ARGV[1] says whether one shall be.
 */
const evict = `
local key = redis.call('RANDOMKEY')
if not key then return 0 end
local state = redis.pcall('GET', key)
if type(state) == 'string' and string.sub(state, 1, 3) == 'h1 ' then return 0 end
if type(state) ~= 'string' and ARGV[1] == '0' then return 0 end
return redis.call('DEL', key)`

/** Evicts keys one by one, until the signal. */
export async function evictKeys(redis: RedisServer, ending: AbortSignal): Promise<void> {
  const client = createClient({ url: redis.url, disableOfflineQueue: true }).on(
    'error',
    () => undefined,
  )
  await client.connect()
  while (!ending.aborted) {
    const options = { arguments: [Math.random() < membersShare ? '1' : '0'] }
    await Promise.race([client.eval(evict, options).catch(() => undefined), setTimeout(1_000)])
    await setTimeout(everyMs)
  }
  client.destroy()
}
