/**
 * KEYS: ids, effects, count of repeated events. ARGV: event id and name of each. An effect takes
 * place once per event id.
 */
export const append = `
for at = 1, #ARGV, 2 do
  if redis.call('SADD', KEYS[1], ARGV[at]) == 1 then
    redis.call('RPUSH', KEYS[2], ARGV[at + 1])
  else
    redis.call('INCR', KEYS[3])
  end
end`

/**
 * KEYS: states, count of refusals. ARGV: account, version, state of each. A later
 * version alone replaces a state.
 */
export const replaceOlder = `
for at = 1, #ARGV, 3 do
  local held = redis.call('HGET', KEYS[1], ARGV[at])
  local version = held and tonumber(string.match(held, '^%d+')) or 0
  if tonumber(ARGV[at + 1]) > version then redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 2])
  elseif tonumber(ARGV[at + 1]) < version then redis.call('INCR', KEYS[2]) end
end`

/**
 * KEYS: states, tokens, count of refusals. ARGV: account, fence, attempt, state of each. Any
 * state, even an older one, replaces the stored one unless its token is lower.
 */
export const replaceFenced = `
for at = 1, #ARGV, 4 do
  local fence, attempt = string.match(redis.call('HGET', KEYS[2], ARGV[at]) or '0 0', '(%d+) (%d+)')
  local higher = tonumber(ARGV[at + 1]) - tonumber(fence)
  if higher == 0 then higher = tonumber(ARGV[at + 2]) - tonumber(attempt) end
  if higher < 0 then redis.call('INCR', KEYS[3]) else
    redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 3])
    redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1] .. ' ' .. ARGV[at + 2])
  end
end`
