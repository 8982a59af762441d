import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../../stores/redis/redis-script.ts'
import type { Rate, Verdict } from '../gcra.ts'
import { verdictAt } from './verdict.ts'

/**
 * KEYS[1] the subject's count. ARGV: 1 burst, 2 interval in µs, 3 cost of the request.
 *
 * The count is the theoretical arrival time in the server's microseconds and expires at that
 * moment; an absent one means that the whole burst is available.
 *
 * An arrival time beyond the whole burst was written before the server's clock was set back, and
 * counts as the whole burst taken.
 *
 * the request passes -> the arrival time `cost` intervals later. Replies 1, remaining, reset µs, 0.
 * the request is refused: stays. Replies 0, remaining, reset µs, retry after µs.
 */
export const takeScript = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local burst, interval, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local arrival = tonumber(redis.call('GET', KEYS[1]) or 0)
local since = math.max(math.min(arrival, now + burst * interval), now)
local left = now + burst * interval - since
if left < cost * interval then
  return { 0, math.floor(left / interval), since - now, cost * interval - left }
end
local next = since + cost * interval
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return { 1, math.floor(left / interval) - cost, next - now, 0 }
`)

/** Counts a request of one limit, in server time. */
export async function take(
  client: RedisClientType,
  key: string,
  rate: Rate,
  cost: number,
): Promise<Verdict> {
  const reply = await runScript(client, takeScript, {
    key,
    arguments: [String(rate.burst), String(rate.intervalUs), String(cost)],
  })
  return verdictAt(reply, 0)
}
