import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../../stores/redis/redis-script.ts'
import { look as lookAt, type Rate, type Verdict } from '../gcra.ts'

/**
 * KEYS[1] a count (see `take.ts`); stays.
 *
 * Replies the server's time in µs and the count, `0` when it is absent.
 */
const script = redisScript(`
local time = redis.call('TIME')
return { time[1] * 1000000 + time[2], redis.call('GET', KEYS[1]) or '0' }
`)

/** Decides on a request of one limit without counting it, in server time. */
export async function look(
  client: RedisClientType,
  key: string,
  rate: Rate,
  cost: number,
): Promise<Verdict> {
  const [nowUs, arrivalUs] = (await runScript(client, script, { key, arguments: [] })) as unknown[]
  return lookAt(rate, Number(arrivalUs), Number(nowUs), cost)
}
