import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../../stores/redis/redis-script.ts'

/**
 * KEYS[1] the index of a user's sessions (see `enter-session.ts`). ARGV: 1 hash of the session's
 * token, 2 the epoch it was entered in.
 *
 * epoch is {2} and {2}:{1} is a member: stays. Replies 1.
 * another epoch, no such member -> the index without {2}:{1}. Replies 0.
 */
const script = redisScript(`
local member = ARGV[2] .. ':' .. ARGV[1]
local epoch = string.format('%.0f', (redis.call('ZSCORE', KEYS[1], 'epoch') or 4e15) - 4e15)
if epoch == ARGV[2] and redis.call('ZSCORE', KEYS[1], member) then return 1 end
redis.call('ZREM', KEYS[1], member)
return 0
`)

/** Whether a session may be handed out: no revocation came after it was entered. */
export async function confirmSession(
  client: RedisClientType,
  index: string,
  { hash, epoch }: { readonly hash: string; readonly epoch: string },
): Promise<boolean> {
  return (await runScript(client, script, { key: index, arguments: [hash, epoch] })) === 1
}
