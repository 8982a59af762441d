import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../../stores/redis/redis-script.ts'

/**
 * KEYS[1] the index of a user's sessions (see `enter-session.ts`). ARGV: hashes of tokens.
 *
 * any state -> the index without the members of ended epochs that bear one of these hashes. Replies
 * the number of members removed.
 */
const script = redisScript(`
local gone = {}
for _, hash in ipairs(ARGV) do gone[hash] = true end
local current = (redis.call('ZSCORE', KEYS[1], 'epoch') or 4e15) - 4e15
local count = 0
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '3000000000000000')) do
  local of, hash = string.match(member, '^(%d+):(%x+)$')
  if of and tonumber(of) < current and gone[hash] then
    count = count + redis.call('ZREM', KEYS[1], member)
  end
end
return count
`)

/** Removes sessions of ended epochs from their user's index, once they are deleted. */
export async function forgetSessions(
  client: RedisClientType,
  index: string,
  hashes: readonly string[],
): Promise<void> {
  await runScript(client, script, { key: index, arguments: [...hashes] })
}
