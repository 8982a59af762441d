import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../stores/redis/redis-script.ts'

/**
 * KEYS[1] the tag. ARGV: 1 nonce, 2 life in milliseconds.
 *
 * - absent, foreign text -> TAG(nonce), stored as `t1 NONCE`. Replies its nonce.
 * - TAG -> the same TAG, with at least this life. Replies its nonce.
 * - VALUE: the key of an entry serves as the tag, and is unchanged. Replies the nonce of the VALUE.
 * - HOLD, LEASE: unchanged. Replies 0.
 */
export const tagScript = redisScript(`
local state = redis.pcall('GET', KEYS[1])
if type(state) == 'string' then
  local kind = string.sub(state, 1, 3)
  if kind == 'h1 ' or kind == 'l1 ' then return 0 end
  if kind == 'v1 ' then return string.sub(state, 4, 19) end
  if kind == 't1 ' and string.len(state) == 19 then
    if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
    return string.sub(state, 4, 19)
  end
end
redis.call('SET', KEYS[1], 't1 ' .. ARGV[1], 'PX', ARGV[2])
return ARGV[1]
`)

/**
 * Reads a tag's nonce before a load, and stores a nonce where the tag has none; `undefined` while a
 * writer holds the tag. One round trip.
 */
export async function readTag(
  client: RedisClientType,
  key: string,
  tag: { nonce: string; lifeMs: number },
): Promise<string | undefined> {
  const reply = await runScript(client, tagScript, {
    key,
    arguments: [tag.nonce, String(Math.ceil(tag.lifeMs))],
  })
  return typeof reply === 'string' ? reply : undefined
}

/** The nonce in the stored text of a tag; `undefined` when it has none. */
export function tagNonceOf(raw: string | null | undefined): string | undefined {
  return raw?.startsWith('t1 ') === true || raw?.startsWith('v1 ') === true
    ? raw.slice(3, 19)
    : undefined
}
