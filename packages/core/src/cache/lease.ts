import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../stores/redis/redis-script.ts'

/**
 * KEYS[1] the entry. ARGV: 1 nonce, 2 life of the lease in milliseconds, 3 cache id, 4 nonce of a
 * value that the reader cannot use or '', 5 soft expiry of that value when the reader claims it for
 * a refresh or '', 6 its new soft expiry then.
 *
 * - absent, TAG, foreign text, VALUE under another cache id, VALUE(4) without 5 -> LEASE(nonce).
 *   Replies 1.
 * - VALUE(4) with soft expiry 5 -> the same VALUE with soft expiry 6, so that no other reader loads
 *   it until then. Replies 2.
 * - any other VALUE, LEASE, HOLD: unchanged. Replies the text of the key.
 */
export const leaseScript = redisScript(`
local state = redis.pcall('GET', KEYS[1])
if type(state) == 'string' then
  local kind = string.sub(state, 1, 3)
  if kind == 'h1 ' or kind == 'l1 ' then return state end
  if kind == 'v1 ' and string.sub(state, 21, 60) == ARGV[3] then
    if string.sub(state, 4, 19) ~= ARGV[4] then return state end
    if ARGV[5] ~= '' then
      if string.sub(state, 62, 74) ~= ARGV[5] then return state end
      redis.call('SETRANGE', KEYS[1], 61, ARGV[6])
      return 2
    end
  end
end
redis.call('SET', KEYS[1], 'l1 ' .. ARGV[1], 'PX', ARGV[2])
return 1
`)

/** Request of a reader that found nothing it can use. */
export interface LeaseRequest {
  /** The key of the entry, with the prefix. */
  readonly key: string
  /** Names the lease. */
  readonly nonce: string
  /** Life of the lease, in milliseconds. */
  readonly leaseMs: number
  /** What the reader trusts: the server, and all since its last flush. */
  readonly cacheId: string
  /** A value that the reader has seen and cannot use as it is. */
  readonly seen: SeenValue | undefined
}

/** A value that has to be loaded again. */
export interface SeenValue {
  /** Its nonce. */
  readonly nonce: string
  /** Its soft expiry and the next one, when it stays in place until the refresh. */
  readonly claim?: { readonly soft: string; readonly until: string }
}

/** The nonce that the fill has to name, or the text of a key that could not be leased. */
export type LeaseReply = { readonly nonce: string } | { readonly holds: string }

/** Asks for a lease. One round trip. */
export async function takeLease(
  client: RedisClientType,
  request: LeaseRequest,
): Promise<LeaseReply> {
  const { key, nonce, leaseMs, cacheId, seen } = request
  const args = [
    nonce,
    String(leaseMs),
    cacheId,
    seen?.nonce ?? '',
    seen?.claim?.soft ?? '',
    seen?.claim?.until ?? '',
  ]
  const reply = await runScript(client, leaseScript, { key, arguments: args })
  if (typeof reply === 'string') return { holds: reply }
  return { nonce: reply === 2 && seen !== undefined ? seen.nonce : nonce }
}
