import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../../stores/redis/redis-script.ts'

/**
 * KEYS[1] the index of a user's sessions. ARGV: 1 hash of the session's token, 2 absolute time in
 * ms, 3 hash of the session that it continues or ''.
 *
 * The index is a sorted set, absent for a user without sessions. Its members:
 *
 *     {epoch}:{hash}   a session; its score is the moment (server's ms) after which it cannot exist
 *     epoch            4e15 + the user's epoch, which each revocation of all sessions increments
 *     r{name}          6e15 + the epoch that the revocation of that name began
 *
 * It may name sessions that no longer exist; it names every session that exists.
 *
 * {3} is '' or a session of the current epoch -> the index with {epoch}:{1} and without expired
 * sessions. Replies the epoch, as text, and the number of sessions that the index names.
 * {3} is of another epoch -> the index without expired sessions: no revoked session continues
 * under another token. Replies nil.
 */
const script = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
local epoch = string.format('%.0f', (redis.call('ZSCORE', KEYS[1], 'epoch') or 4e15) - 4e15)
if ARGV[3] ~= '' and not redis.call('ZSCORE', KEYS[1], epoch .. ':' .. ARGV[3]) then
  return false
end
local life = tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], string.format('%.0f', now + life + 60000), epoch .. ':' .. ARGV[1])
if redis.call('PTTL', KEYS[1]) < life + 120000 then
  redis.call('PEXPIRE', KEYS[1], life + 120000)
end
return { epoch, redis.call('ZCOUNT', KEYS[1], '-inf', '3000000000000000') }
`)

/** A session to be entered into an index. */
export interface SessionToEnter {
  /** The index, with the prefix. */
  readonly index: string
  /** Hash of its token. */
  readonly hash: string
  /** Time after which it ends in any case, in milliseconds. */
  readonly absoluteTtlMs: number
  /** Hash of the session that it continues, where it continues one. */
  readonly continues?: string | undefined
}

/** The place of a session in its user's index. */
export interface EnteredSession {
  /** The user's epoch. */
  readonly epoch: string
  /** The number of sessions that the index names, some of which may have ended. */
  readonly count: number
}

/**
 * Enters a session into its user's index; `undefined` when the session that it continues has been
 * revoked.
 */
export async function enterSession(
  client: RedisClientType,
  { index, hash, absoluteTtlMs, continues = '' }: SessionToEnter,
): Promise<EnteredSession | undefined> {
  const reply = await runScript(client, script, {
    key: index,
    arguments: [hash, String(absoluteTtlMs), continues],
  })
  if (!Array.isArray(reply)) return undefined
  const [epoch, count] = reply as unknown[]
  return { epoch: String(epoch), count: Number(count) }
}
