import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../../stores/redis/redis-script.ts'

/**
 * KEYS[1] the index of a user's sessions (see `enter-session.ts`). ARGV: 1 hash of the session's
 * token.
 *
 * any state -> the index without {epoch}:{1} of the current epoch: every session that exists bears
 * it. Replies the number of members removed.
 */
const script = redisScript(`
local epoch = string.format('%.0f', (redis.call('ZSCORE', KEYS[1], 'epoch') or 4e15) - 4e15)
return redis.call('ZREM', KEYS[1], epoch .. ':' .. ARGV[1])
`)

/** Removes a session that has ended from its user's index. */
export async function leaveSession(
  client: RedisClientType,
  index: string,
  hash: string,
): Promise<void> {
  await runScript(client, script, { key: index, arguments: [hash] })
}
