import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../../stores/redis/redis-script.ts'

/**
 * KEYS[1] the index of a user's sessions (see `enter-session.ts`). ARGV: 1 hash of the session's
 * token.
 *
 * any state -> unchanged. Replies the current epoch, as text, when {epoch}:{1} is a member, and
 * otherwise nil.
 */
const script = redisScript(`
local epoch = string.format('%.0f', (redis.call('ZSCORE', KEYS[1], 'epoch') or 4e15) - 4e15)
return redis.call('ZSCORE', KEYS[1], epoch .. ':' .. ARGV[1]) and epoch
`)

/** The user's epoch, where a session is of it; `undefined` when the session has been revoked. */
export async function epochOfSession(
  client: RedisClientType,
  index: string,
  hash: string,
): Promise<string | undefined> {
  const epoch = await runScript(client, script, { key: index, arguments: [hash] })
  return typeof epoch === 'string' ? epoch : undefined
}
