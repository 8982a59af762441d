import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../../stores/redis/redis-script.ts'
import type { Rate } from '../gcra.ts'

/**
 * KEYS[1] a count (see `take.ts`). ARGV: 1 µs to take back.
 *
 * further ahead of now than that -> that much earlier.
 * otherwise -> absent.
 *
 * Replies the time until the whole burst is available, in µs.
 */
const script = redisScript(`
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

/** Uncounts a request that another limit refused; returns the time to reset in microseconds. */
export async function untake(
  client: RedisClientType,
  key: string,
  rate: Rate,
  cost: number,
): Promise<number> {
  const reply = await runScript(client, script, {
    key,
    arguments: [String(cost * rate.intervalUs)],
  })
  return Number(reply)
}
