import { redisScript } from '../stores/redis/redis-script.ts'

/**
 * Decides on one request of one limit, in server time.
 *
 * States of `ratelimit:{subject}:{endpoint}`: absent (all of the burst is there) → the theoretical
 * arrival time in microseconds, expiring at that time → absent. A refused request changes nothing.
 *
 * ARGV: burst, interval in microseconds. Reply: `[allowed 0 | 1, remaining, reset µs, retry after
 * µs]`.
 */
export const takeScript = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local burst, interval = tonumber(ARGV[1]), tonumber(ARGV[2])
local since = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local next = since + interval
local slack = now + burst * interval - next
if slack < 0 then return { 0, 0, since - now, -slack } end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return { 1, math.floor(slack / interval), next - now, 0 }
`)

/**
 * The same for one request of several limits: all count it, or none does. Its keys may be anywhere
 * on a single server.
 *
 * ARGV: per key burst and interval in microseconds. Reply: per key `allowed 0 | 1, remaining, reset
 * µs, retry after µs`, one after the other; what is allowed and was not taken tells how it stands.
 */
export const takeAllScript = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local since, isAllowed = {}, true
for i, key in ipairs(KEYS) do
  since[i] = math.max(tonumber(redis.call('GET', key) or 0), now)
  if now + ARGV[2 * i - 1] * ARGV[2 * i] - since[i] - ARGV[2 * i] < 0 then isAllowed = false end
end
local reply = {}
for i, key in ipairs(KEYS) do
  local interval = tonumber(ARGV[2 * i])
  local slack = now + ARGV[2 * i - 1] * interval - since[i] - interval
  if isAllowed then
    local next = since[i] + interval
    redis.call('SET', key, string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
    reply[#reply + 1] = 1; reply[#reply + 1] = math.floor(slack / interval); reply[#reply + 1] = next - now; reply[#reply + 1] = 0
  elseif slack < 0 then
    reply[#reply + 1] = 0; reply[#reply + 1] = 0; reply[#reply + 1] = since[i] - now; reply[#reply + 1] = -slack
  else
    reply[#reply + 1] = 1; reply[#reply + 1] = math.floor(slack / interval) + 1; reply[#reply + 1] = since[i] - now; reply[#reply + 1] = 0
  end
end
return reply
`)

/**
 * Gives back what one request took of a limit, because another limit refused it.
 *
 * ARGV: interval in microseconds. Reply: time until all of the burst is there again, in
 * microseconds.
 */
export const giveBackScript = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local arrival = tonumber(redis.call('GET', KEYS[1]) or 0) - tonumber(ARGV[1])
if arrival <= now then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000))
return arrival - now
`)
