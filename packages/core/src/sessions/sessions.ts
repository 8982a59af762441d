import type { Failure, StoreError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { ResultAsync } from '../result.ts'
import type { Stores } from '../connect/stores.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import { RedisSessions } from './redis-sessions.ts'

/** Options of {@link createSessions}. */
export interface SessionOptions {
  /**
   * Time without use after which a session ends, in milliseconds.
   *
   * @defaultValue `86_400_000`, one day
   */
  readonly ttlMs?: number
  /**
   * Time after which a session ends however much it is used, in milliseconds. Revocations are kept
   * in PostgreSQL for as long: lower it only once the sessions that were begun with more have
   * ended.
   *
   * @defaultValue `2_592_000_000`, thirty days
   */
  readonly absoluteTtlMs?: number
  /**
   * How often to look for revocations that another process has written down and could not tell
   * Redis, in milliseconds: such a session goes on for half a second more than that at most. One
   * small statement each time.
   *
   * @defaultValue `750`
   */
  readonly lookEveryMs?: number
}

/** Defaults of {@link SessionOptions}. */
export const sessionDefaults = {
  ttlMs: 86_400_000,
  absoluteTtlMs: 2_592_000_000,
  lookEveryMs: 750,
} as const satisfies Required<SessionOptions>

/** A session that is to begin. */
export interface NewSession {
  /** Whose it is. */
  readonly userId: string | number
  /**
   * What the host wants to find in it again.
   *
   * @defaultValue `null`
   */
  readonly data?: Json
}

/** A session that has begun. */
export interface StartedSession {
  /** The secret that names it, 43 characters of base64url: hand it to the user, keep it nowhere. */
  readonly token: string
  /** When it ends unless it is used. */
  readonly expiresAt: Date
}

/** A session under way. */
export interface Session {
  /** SHA-256 of its token, in hexadecimal: names it without giving it away. */
  readonly id: string
  /** Whose it is, as it was given. */
  readonly userId: string | number
  /** What was given with it. */
  readonly data: Json
  /** When it began; under its first token, where that was rotated. */
  readonly createdAt: Date
  /** When it ends unless it is used. */
  readonly expiresAt: Date
}

/** All sessions of the user were revoked while this one began: it has not begun. */
export type SessionsRevoked = Failure<'sessions-revoked'>

/** That all sessions of a user end with the commit of a transaction. */
export interface PendingRevocation {
  /**
   * Ends them; to be called after the commit, and gives back how many there were. When that never
   * happens, or fails, the sessions end all the same: as soon as a process that uses sessions
   * looks, within two seconds while Redis and PostgreSQL answer. Two Redis round trips, and one of
   * PostgreSQL in the background.
   */
  apply(): ResultAsync<number, StoreError>
}

/**
 * Sessions in Redis; what was revoked is kept in PostgreSQL, so that no Redis that comes back with
 * an older state brings it back.
 *
 * When Redis cannot be asked every call is `store-unavailable`: an outage never makes a session
 * valid. After a start, and after Redis was lost, the first call asks PostgreSQL which revocations
 * Redis may have missed and tells it; until PostgreSQL has answered, calls are `store-unavailable`.
 * While Redis stays, only revoking and rotating need PostgreSQL.
 */
export interface Sessions {
  /**
   * Begins a session. One that is overtaken by `revokeAll` for its user is `sessions-revoked`. Two
   * Redis round trips.
   */
  create(session: NewSession): ResultAsync<StartedSession, StoreError | SessionsRevoked>
  /**
   * The session of a token; `undefined` when there is none, it has ended or was revoked. Its end is
   * not put off. One Redis round trip, shared by all who ask in the same tick.
   */
  get(token: string): ResultAsync<Session | undefined, StoreError>
  /**
   * The same, and puts the end off: to one `ttlMs` from now, never beyond `absoluteTtlMs` from the
   * beginning. Writes only when that gains a sixtieth of `ttlMs`. One Redis round trip.
   */
  touch(token: string): ResultAsync<Session | undefined, StoreError>
  /**
   * Gives a session a new token, and ends the old one for good; when it began and when it ends at
   * the latest stay. `undefined` when there is no such session, or somebody else was quicker: of
   * many calls with one token one gets a new one. After a failure the old token may have ended.
   * Three Redis round trips and one of PostgreSQL.
   */
  rotate(token: string): ResultAsync<StartedSession | undefined, StoreError>
  /**
   * Ends a session, by its token or its id, and says whether there was one. When Redis does not
   * answer it is `store-unavailable`, and the session ends as soon as Redis does. Three Redis round
   * trips and one of PostgreSQL, and one of PostgreSQL in the background; one of Redis when there
   * is no such session.
   */
  revoke(session: string | Pick<Session, 'id'>): ResultAsync<boolean, StoreError>
  /**
   * Ends all sessions of a user, also those that are just beginning, and says how many there were.
   * When Redis does not answer it is `store-unavailable`, and the sessions end as soon as Redis
   * does. Two Redis round trips and one of PostgreSQL, and one of each in the background.
   */
  revokeAll(userId: string | number): ResultAsync<number, StoreError>
  /**
   * Writes into a transaction that all sessions of a user end with its commit. Rejects as the
   * transaction's statements do. One PostgreSQL round trip.
   */
  revokeAllWithin(tx: SqlClient, userId: string | number): Promise<PendingRevocation>
  /** The sessions of a user, newest first. Two Redis round trips. */
  list(userId: string | number): ResultAsync<Session[], StoreError>
}

/**
 * Makes the sessions of one application. The tables of core must be there for revoking.
 *
 * @throws RangeError when a time is not positive.
 * @example
 * ```ts
 * const sessions = createSessions(stores)
 * const { token } = orThrow(await sessions.create({ userId: 5 }))
 * const session = orThrow(await sessions.touch(token))
 * ```
 */
export function createSessions(stores: SessionStores, options: SessionOptions = {}): Sessions {
  const settings = { ...sessionDefaults, ...options }
  for (const [name, ms] of Object.entries(settings)) {
    if (!(ms > 0)) throw new RangeError(`${name} of sessions is more than 0 ms: got ${ms}`)
  }
  return new RedisSessions(stores, settings)
}

/** What sessions need of the stores. */
export type SessionStores = Pick<
  Stores,
  'postgres' | 'redis' | 'diagnostics' | 'clock' | 'beforeClose'
>
