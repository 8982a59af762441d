import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../../stores/redis/redis-script.ts'

/**
 * KEYS[1] the session (see `store-session.ts`). ARGV: 1 payload.
 *
 * absent, foreign text: stays. Replies nil.
 * `{times} {payload}` -> `{times} {1}`, with the same expiry. Replies the stored text.
 */
const script = redisScript(`
local text = redis.call('GET', KEYS[1])
local times = text and string.match(text, '^(%d+ %d+ %d+ %d* ?)%[')
if not times then return false end
redis.call('SET', KEYS[1], times .. ARGV[1], 'KEEPTTL')
return times .. ARGV[1]
`)

/** Replaces the payload of a session; returns the stored text, `null` when there is none. */
export async function setSessionData(
  client: RedisClientType,
  key: string,
  payload: string,
): Promise<string | null> {
  const text = await runScript(client, script, { key, arguments: [payload] })
  return typeof text === 'string' ? text : null
}
