import type { RedisClientType } from '@redis/client'
import type { SessionOptions } from '../sessions.ts'
import { redisScript, runScript } from '../../stores/redis/redis-script.ts'

/**
 * KEYS[1] the session. ARGV: 1 idle time in ms, 2 absolute time in ms.
 *
 * absent, foreign text: stays. Replies nil.
 * `{created} {limit} {expires} {payload}` -> the same with `expires` one idle time from now, never
 * after `limit`. Unchanged when that gains less than a sixtieth of the idle time: most calls write
 * nothing. Replies the stored text.
 *
 * A session with an idle time of its own (see `store-session.ts`) lasts for that one.
 *
 * Moments further ahead than the idle and the absolute time were written before the server's clock
 * was set back: both are moved to where they would be now.
 */
const script = redisScript(`
local text = redis.call('GET', KEYS[1])
if not text then return false end
local created, limit, expires, own, payload =
  string.match(text, '^(%d+) (%d+) (%d+) (%d* ?)(%[.*)$')
if not created then return false end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local sliding = tonumber(own) or tonumber(ARGV[1])
local life = math.min(limit - created, tonumber(ARGV[2]))
limit = math.min(tonumber(limit), now + life)
local wanted = math.min(now + sliding, limit)
if math.abs(wanted - tonumber(expires)) <= sliding / 60 then return text end
text = string.format('%s %.0f %.0f ', created, limit, wanted) .. own .. payload
redis.call('SET', KEYS[1], text, 'PXAT', string.format('%.0f', wanted))
return text
`)

/** Extends the session under `key` and returns the stored text, `null` when there is none. */
export async function touchSession(
  client: RedisClientType,
  key: string,
  { ttlMs, absoluteTtlMs }: Required<Pick<SessionOptions, 'ttlMs' | 'absoluteTtlMs'>>,
): Promise<string | null> {
  const text = await runScript(client, script, {
    key,
    arguments: [String(ttlMs), String(absoluteTtlMs)],
  })
  return typeof text === 'string' ? text : null
}
