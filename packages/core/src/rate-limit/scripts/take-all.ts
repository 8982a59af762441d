import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../../stores/redis/redis-script.ts'
import type { Rate, Verdict } from '../gcra.ts'
import { verdictAt } from './verdict.ts'

/**
 * KEYS counts (see `take.ts`), anywhere on a single server. ARGV: per key burst and interval in µs,
 * then the cost of the request.
 *
 * every limit lets the request pass -> each arrival time `cost` intervals later.
 * a limit refuses it: all stay.
 *
 * Replies per key 0 or 1, remaining, reset µs, retry after µs. A limit that would have let the
 * request pass replies 1 with its count as it stays.
 */
const script = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost = tonumber(ARGV[#ARGV])
local since, isAllowed = {}, true
for i, key in ipairs(KEYS) do
  local burst, interval = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local arrival = tonumber(redis.call('GET', key) or 0)
  since[i] = math.max(math.min(arrival, now + burst * interval), now)
  if now + burst * interval < since[i] + cost * interval then isAllowed = false end
end
local reply = {}
local function say(allowed, remaining, reset, retry)
  for _, value in ipairs({ allowed, remaining, reset, retry }) do reply[#reply + 1] = value end
end
for i, key in ipairs(KEYS) do
  local burst, interval = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local left = now + burst * interval - since[i]
  local remaining = math.floor(left / interval)
  if isAllowed then
    local next = since[i] + cost * interval
    local life = math.ceil((next - now) / 1000)
    redis.call('SET', key, string.format('%.0f', next), 'PX', life)
    say(1, remaining - cost, next - now, 0)
  elseif left < cost * interval then
    say(0, remaining, since[i] - now, cost * interval - left)
  else
    say(1, remaining, since[i] - now, 0)
  end
end
return reply
`)

/** Counts a request with all limits, or with none when one refuses it. In server time. */
export async function takeAll(
  client: RedisClientType,
  takes: readonly { readonly key: string; readonly rate: Rate }[],
  cost: number,
): Promise<Verdict[]> {
  const reply = await runScript(client, script, {
    key: takes.map(({ key }) => key),
    arguments: [
      ...takes.flatMap(({ rate }) => [String(rate.burst), String(rate.intervalUs)]),
      String(cost),
    ],
  })
  return takes.map((_, at) => verdictAt(reply, 4 * at))
}
