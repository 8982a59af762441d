import type { StoreError } from '../errors.ts'
import type { ResultAsync } from '../result.ts'
import { redisScript, runScript } from '../stores/redis/redis-script.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'

/**
 * KEYS[1] the marker of the last flush. ARGV: 1 nonce.
 *
 * a text -> unchanged; absent, anything else -> nonce. Replies the marker. One that was evicted is
 * replaced by another, never by the same: entries from before stay misses.
 */
export const markerScript = redisScript(`
local marker = redis.pcall('GET', KEYS[1])
if type(marker) == 'string' then return marker end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
`)

/** Reads the marker of the last flush, and makes one where there is none. One round trip. */
export function readMarker(redis: RedisStore, nonce: string): ResultAsync<string, StoreError> {
  return redis.run('read flush marker', async (client) =>
    String(await runScript(client, markerScript, { key: markerKey(redis), arguments: [nonce] })),
  )
}

/**
 * Flushes the cache: what was stored until now is a miss for every process that reads the marker
 * from now on. One round trip, however many entries there are.
 */
export function replaceMarker(redis: RedisStore, nonce: string): ResultAsync<unknown, StoreError> {
  return redis.run('flush', (client) => client.set(markerKey(redis), nonce))
}

/** No cache key holds an exclamation mark, so no entry can be in its place. */
function markerKey({ keyPrefix }: Pick<RedisStore, 'keyPrefix'>): string {
  return `${keyPrefix}flush!marker`
}
