import { redisScript } from '../stores/redis/redis-script.ts'

/**
 * Stores a session.
 *
 * States of `session:{hash}`: absent (never was, expired, or revoked) → `{created} {limit}
 * {expires} {payload}`, times in milliseconds of the server, expiring at `expires`, the earlier of
 * one sliding time from the last use and `limit` → absent.
 *
 * ARGV: payload, sliding ms, absolute ms, then for a session that goes on under another token when
 * it began and its limit, else two empty texts. Reply: what is stored.
 */
export const storeSession = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local created = tonumber(ARGV[4]) or now
local limit = tonumber(ARGV[5]) or now + tonumber(ARGV[3])
local expires = math.min(now + tonumber(ARGV[2]), limit)
local text = string.format('%.0f %.0f %.0f ', created, limit, expires) .. ARGV[1]
redis.call('SET', KEYS[1], text, 'PXAT', string.format('%.0f', expires))
return text
`)

/**
 * Reads a session and lets it slide: its expiry moves to one sliding time from now, never beyond
 * its limit, and only when that gains at least a sixtieth of the sliding time, so that most calls
 * write nothing.
 *
 * ARGV: sliding ms. Reply: what is stored, nil when there is none.
 */
export const touchSession = redisScript(`
local text = redis.call('GET', KEYS[1])
if not text then return false end
local created, limit, expires, payload = string.match(text, '^(%d+) (%d+) (%d+) (.*)$')
if not created then return false end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local sliding = tonumber(ARGV[1])
local wanted = math.min(now + sliding, tonumber(limit))
if wanted - tonumber(expires) <= sliding / 60 then return text end
text = string.format('%s %s %.0f ', created, limit, wanted) .. payload
redis.call('SET', KEYS[1], text, 'PXAT', string.format('%.0f', wanted))
return text
`)

/**
 * Enters a session into its user's index.
 *
 * States of `user:{id}:sessions`: absent → sorted set of `{epoch}:{hash}`, each with the time
 * (milliseconds, server time) after which the session cannot be there any more. Beside them stand,
 * with scores that are no times, `epoch` (4 × 10^15 + how often all sessions were revoked) and, per
 * revocation, `r{id}` (6 × 10^15 + the epoch that it began). It may name sessions that are gone; it
 * never lacks one that is there.
 *
 * ARGV: hash, absolute ms, then the hash of the session that it takes the place of, else an empty
 * text. Reply: the epoch, as text; nil when that session does not live in it, so that nothing which
 * was revoked goes on under another token.
 */
export const enterSession = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
local epoch = string.format('%.0f', (redis.call('ZSCORE', KEYS[1], 'epoch') or 4e15) - 4e15)
if ARGV[3] ~= '' and not redis.call('ZSCORE', KEYS[1], epoch .. ':' .. ARGV[3]) then return false end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[2]) + 60000), epoch .. ':' .. ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) + 120000 then redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[2]) + 120000) end
return epoch
`)

/**
 * Confirms that no revocation has passed a session by since it was entered, and takes it out of the
 * index otherwise.
 *
 * ARGV: hash, the epoch it was entered under. Reply: 1 when it may be given out, else 0.
 */
export const confirmSession = redisScript(`
local member = ARGV[2] .. ':' .. ARGV[1]
local epoch = string.format('%.0f', (redis.call('ZSCORE', KEYS[1], 'epoch') or 4e15) - 4e15)
if epoch == ARGV[2] and redis.call('ZSCORE', KEYS[1], member) then return 1 end
redis.call('ZREM', KEYS[1], member)
return 0
`)

/**
 * Takes a session that has ended out of the index. Who is in the index and lives bears the epoch of
 * now.
 *
 * ARGV: hash. Reply: how many were taken out.
 */
export const leaveSession = redisScript(`
local epoch = string.format('%.0f', (redis.call('ZSCORE', KEYS[1], 'epoch') or 4e15) - 4e15)
return redis.call('ZREM', KEYS[1], epoch .. ':' .. ARGV[1])
`)

/**
 * Begins a new epoch of a user, or makes up for one that this server has forgotten. The same
 * revocation begins one epoch, however often it is applied; the index keeps naming the sessions
 * that end until somebody says that they are gone.
 *
 * ARGV: id of the revocation, the epoch it began (empty when that is not known), the largest epoch
 * that is known elsewhere, ms to keep the index. Reply: the epoch it began, then the hashes of the
 * sessions that end.
 */
export const endEpoch = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local current = (redis.call('ZSCORE', KEYS[1], 'epoch') or 4e15) - 4e15
local seen = redis.call('ZSCORE', KEYS[1], 'r' .. ARGV[1])
local epoch = tonumber(ARGV[2]) or (seen and seen - 6e15) or math.max(current, tonumber(ARGV[3])) + 1
redis.call('ZADD', KEYS[1], string.format('%.0f', 4e15 + math.max(current, epoch)), 'epoch')
redis.call('ZADD', KEYS[1], string.format('%.0f', 6e15 + epoch), 'r' .. ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
local reply = { string.format('%.0f', epoch) }
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], string.format('%.0f', now), '3000000000000000')) do
  local of, hash = string.match(member, '^(%d+):(%x+)$')
  if of and tonumber(of) < epoch then reply[#reply + 1] = hash end
end
return reply
`)

/**
 * Forgets the sessions of ended epochs, once they are gone.
 *
 * ARGV: hashes. Reply: how many were forgotten.
 */
export const forgetSessions = redisScript(`
local gone = {}
for _, hash in ipairs(ARGV) do gone[hash] = true end
local current = (redis.call('ZSCORE', KEYS[1], 'epoch') or 4e15) - 4e15
local count = 0
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '3000000000000000')) do
  local of, hash = string.match(member, '^(%d+):(%x+)$')
  if of and tonumber(of) < current and gone[hash] then count = count + redis.call('ZREM', KEYS[1], member) end
end
return count
`)
