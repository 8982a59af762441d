import type { StoreError } from '../errors.ts'
import type { Result } from '../result.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import { redisScript, runScript, runScripts } from '../stores/redis/redis-script.ts'

/**
 * KEYS[1] the entry. ARGV: 1 owner, 2 life in milliseconds.
 *
 * absent, VALUE, LEASE, anything else -> HOLD(owner); HOLD(others) -> HOLD(others that have not
 * expired, owner). Stored as `h1 owner:expiry owner:expiry`, expiries in the server's milliseconds.
 * Replies 1.
 */
export const holdScript = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = now + ARGV[2]
local owners = ARGV[1] .. ':' .. string.format('%.0f', last)
local state = redis.pcall('GET', KEYS[1])
if type(state) == 'string' and string.sub(state, 1, 3) == 'h1 ' then
  for owner, expiry in string.gmatch(state, '([^ :]+):(%d+)') do
    if owner ~= ARGV[1] and tonumber(expiry) > now then
      owners = owners .. ' ' .. owner .. ':' .. expiry
      last = math.max(last, tonumber(expiry))
    end
  end
end
redis.call('SET', KEYS[1], 'h1 ' .. owners, 'PX', string.format('%.0f', last - now))
return 1
`)

/**
 * Holds keys for one owner: until the release, or until the life ends, readers go to PostgreSQL and
 * do not fill. One round trip for up to 50 keys.
 */
export async function holdKeys(
  redis: RedisStore,
  keys: readonly string[],
  hold: { owner: string; lifeMs: number },
): Promise<Result<unknown, StoreError>> {
  const args = [hold.owner, String(hold.lifeMs)]
  return runScripts(redis, 'hold', {
    items: keys,
    run: (client, key) =>
      runScript(client, holdScript, { key: redis.keyPrefix + key, arguments: args }),
  })
}
