import { createHash } from 'node:crypto'
import { cacheKey } from '../cache-key.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'

/** A longer id is named by its digest: a key is no place for all of it. */
const maxIdLength = 50

/**
 * A user as keys and revocations name one: encoded, so that no id can collide with another or hold
 * what a store does not take.
 */
export function userName(userId: string | number): string {
  const text = String(userId)
  return cacheKey(
    text.length > maxIdLength ? createHash('sha256').update(text).digest('base64url') : text,
  ).text
}

/** Where a session is. */
export function sessionKey({ keyPrefix }: Pick<RedisStore, 'keyPrefix'>, hash: string): string {
  return `${keyPrefix}session:${hash}`
}

/** Where a user's sessions are named; `user` as {@link userName} gives it. */
export function indexKey({ keyPrefix }: Pick<RedisStore, 'keyPrefix'>, user: string): string {
  return `${keyPrefix}user:${user}:sessions`
}

/** Where the server on which all revocations are known to hold is named. */
export function replayedKey({ keyPrefix }: Pick<RedisStore, 'keyPrefix'>): string {
  return `${keyPrefix}sessions:replayed`
}
