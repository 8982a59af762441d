import { cacheKey } from '../cache-key.ts'
import { shortName } from '../short-name.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import { splitHash, tagOfUser } from './session-token.ts'

/**
 * A user's name in keys and revocations: encoded, so that no id collides with another or holds a
 * character that a store refuses.
 */
export function userName(userId: string | number): string {
  return cacheKey(...shortName(userId)).text
}

/**
 * The key of a session. The braces keep it in one slot of a cluster with the index of its user: a
 * master that loses what it wrote last never keeps a session that the index has forgotten. Only
 * while a slot is moved may its keys be on two masters.
 */
export function sessionKey(redis: Pick<RedisStore, 'keyPrefix'>, hash: string): string {
  const [tag, rest] = splitHash(hash)
  return `${sessionKeyStart(redis)}{${tag}}${rest}`
}

/** How the keys of all sessions begin. */
export function sessionKeyStart({ keyPrefix }: Pick<RedisStore, 'keyPrefix'>): string {
  return `${keyPrefix}session:`
}

/** The hash of a session, from its key. */
export function hashOfKey(redis: Pick<RedisStore, 'keyPrefix'>, key: string): string {
  return key.slice(sessionKeyStart(redis).length).replace(/^{(\w+)}/, '$1')
}

/** The key of the index of a user's sessions; `user` is a {@link userName}. */
export function indexKey({ keyPrefix }: Pick<RedisStore, 'keyPrefix'>, user: string): string {
  return `${keyPrefix}user:{${tagOfUser(user)}}${user}:sessions`
}

/**
 * The key that names the server to which all revocations have been applied. Where the other keys
 * change, its name does too: new indexes have nothing applied to them.
 */
export function appliedKey({ keyPrefix }: Pick<RedisStore, 'keyPrefix'>): string {
  return `${keyPrefix}session-slots:applied`
}
