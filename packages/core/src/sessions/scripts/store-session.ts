import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../../stores/redis/redis-script.ts'

/**
 * KEYS[1] the session. ARGV: 1 payload, 2 idle time in ms, 3 absolute time in ms, 4 the moment it
 * began or '', 5 its absolute end or ''; 4 and 5 are set when a session continues under a new
 * token; 6 the idle time again when it is the session's own, or ''.
 *
 * absent -> `{created} {limit} {expires} {payload}`, times in the server's milliseconds. The key
 * expires at `expires`: one idle time after the last use, and never after `limit`. An idle time of
 * its own stands in front of the payload: `{created} {limit} {expires} {idle} {payload}`.
 *
 * Replies the stored text.
 */
const script = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local created = tonumber(ARGV[4]) or now
local limit = math.min(tonumber(ARGV[5]) or math.huge, now + tonumber(ARGV[3]))
local expires = math.min(now + tonumber(ARGV[2]), limit)
local own = ARGV[6] == '' and '' or ARGV[6] .. ' '
local text = string.format('%.0f %.0f %.0f ', created, limit, expires) .. own .. ARGV[1]
redis.call('SET', KEYS[1], text, 'PXAT', string.format('%.0f', expires))
return text
`)

/** A session to be stored. */
export interface SessionToStore {
  /** The session's key, with the prefix. */
  readonly key: string
  /** The host's part, encoded. */
  readonly payload: string
  /** Time without use after which it ends, in milliseconds. */
  readonly ttlMs: number
  /** Whether that is its own time, rather than the one of all sessions. */
  readonly hasOwnTtl: boolean
  /** Time after which it ends in any case, in milliseconds. */
  readonly absoluteTtlMs: number
  /** When it began and when it ends in any case, for a session that continues under a new token. */
  readonly times?: { readonly createdAt: number; readonly limitAt: number } | undefined
}

/** Stores a session and returns the stored text. */
export async function storeSession(
  client: RedisClientType,
  { key, payload, ttlMs, hasOwnTtl, absoluteTtlMs, times }: SessionToStore,
): Promise<string> {
  const text = await runScript(client, script, {
    key,
    arguments: [
      payload,
      String(ttlMs),
      String(absoluteTtlMs),
      String(times?.createdAt ?? ''),
      String(times?.limitAt ?? ''),
      hasOwnTtl ? String(ttlMs) : '',
    ],
  })
  return String(text)
}
