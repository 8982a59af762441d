import { redisScript } from '../stores/redis-script.ts'

/**
 * Stores a session.
 *
 * States of `session:{hash}`: absent (never was, expired, or revoked) → hash with `user` and `data` (JSON), `created` and `limit` (milliseconds, server
 * time), expiring at the earlier of one sliding time from the last use and `limit` → absent.
 *
 * ARGV: user, data, sliding ms, absolute ms. Reply: `[created, limit, expires]` in milliseconds, as text.
 */
export const createSession = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit = now + tonumber(ARGV[4])
local expires = math.min(now + tonumber(ARGV[3]), limit)
redis.call('HSET', KEYS[1], 'user', ARGV[1], 'data', ARGV[2], 'created', string.format('%.0f', now), 'limit', string.format('%.0f', limit))
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', expires))
return { string.format('%.0f', now), string.format('%.0f', limit), string.format('%.0f', expires) }
`)

/**
 * Reads a session and lets it slide: its expiry moves to one sliding time from now, never beyond its limit, and only when that gains at least
 * a sixtieth of the sliding time, so that most reads write nothing.
 *
 * ARGV: sliding ms; 0 reads without sliding. Reply: nil when there is none, else `[user, data, created, expires]`, times in milliseconds as text.
 */
export const touchSession = redisScript(`
local fields = redis.call('HMGET', KEYS[1], 'user', 'data', 'created', 'limit')
if not fields[1] then return false end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expires = now + redis.call('PTTL', KEYS[1])
local sliding = tonumber(ARGV[1])
local wanted = math.min(now + sliding, tonumber(fields[4]))
if sliding > 0 and wanted - expires > sliding / 60 then
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', wanted))
  expires = wanted
end
return { fields[1], fields[2], fields[3], string.format('%.0f', expires) }
`)

/**
 * Enters a session into its user's index, before it is stored: a session that is not in the index could not be revoked with the others.
 *
 * States of `user:{id}:sessions`: absent → sorted set of session hashes, each with the time (milliseconds, server time) after which the session
 * cannot be there any more. It may name sessions that are gone; it never lacks one that is there.
 *
 * ARGV: hash, absolute ms. Reply: 1.
 */
export const indexSession = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[2]) + 60000), ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) + 60000 then redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[2]) + 60000) end
return 1
`)
