import { cacheKey } from '../cache-key.ts'
import { shortName } from '../short-name.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'

/**
 * A user's name in keys and revocations: encoded, so that no id collides with another or holds a
 * character that a store refuses.
 */
export function userName(userId: string | number): string {
  return cacheKey(...shortName(userId)).text
}

/** The key of a session. */
export function sessionKey({ keyPrefix }: Pick<RedisStore, 'keyPrefix'>, hash: string): string {
  return `${keyPrefix}session:${hash}`
}

/** The key of the index of a user's sessions; `user` is a {@link userName}. */
export function indexKey({ keyPrefix }: Pick<RedisStore, 'keyPrefix'>, user: string): string {
  return `${keyPrefix}user:${user}:sessions`
}

/** The key that names the server to which all revocations have been applied. */
export function appliedKey({ keyPrefix }: Pick<RedisStore, 'keyPrefix'>): string {
  return `${keyPrefix}sessions:applied`
}
