import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../stores/redis/redis-script.ts'

/**
 * KEYS[1] the entry. ARGV: 1 nonce, 2 the VALUE or '', 3 its life in milliseconds.
 *
 * - LEASE(nonce), VALUE(nonce) -> VALUE. Replies 1.
 * - With '' instead of a VALUE: LEASE(nonce) -> absent, VALUE(nonce) is unchanged. Replies 1.
 * - everything else is unchanged: a writer or another reader has the key. Replies 0.
 */
export const fillScript = redisScript(`
local head = redis.pcall('GETRANGE', KEYS[1], 0, 18)
if type(head) ~= 'string' or string.sub(head, 4, 19) ~= ARGV[1] then return 0 end
local kind = string.sub(head, 1, 3)
if kind ~= 'l1 ' and kind ~= 'v1 ' then return 0 end
if ARGV[2] ~= '' then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
elseif kind == 'l1 ' then
  redis.call('DEL', KEYS[1])
end
return 1
`)

/** A value to be stored. */
export interface FillRequest {
  /** The key of the entry, with the prefix. */
  readonly key: string
  /** The nonce that the key must still hold. */
  readonly nonce: string
  /** The text to store; `''` only ends the lease. */
  readonly entry: string
  /** Life of the key in Redis, in milliseconds. */
  readonly lifeMs: number
}

/**
 * Stores a value where the key still holds the nonce; resolves with whether it did. One round trip.
 */
export async function fillEntry(
  client: RedisClientType,
  { key, nonce, entry, lifeMs }: FillRequest,
): Promise<boolean> {
  const reply = await runScript(client, fillScript, {
    key,
    arguments: [nonce, entry, String(Math.ceil(lifeMs))],
  })
  return reply === 1
}
