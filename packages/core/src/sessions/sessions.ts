import type { Abortable } from '../call-options.ts'
import type { Stores } from '../connect/stores.ts'
import type { Failure, InvalidInput, StoreError } from '../errors.ts'
import type { Json } from '../json/json.ts'
import type { ResultAsync } from '../result.ts'
import type { SqlClient } from '../stores/sql-client.ts'

/** The stores that sessions need. */
export type SessionStores = Pick<
  Stores,
  'postgres' | 'redis' | 'diagnostics' | 'clock' | 'beforeClose'
>

/** Options of `createSessions`. */
export interface SessionOptions {
  /**
   * Idle time after which a session ends, in milliseconds.
   *
   * @defaultValue `86_400_000`, one day
   */
  readonly ttlMs?: number
  /**
   * Time after which a session ends however much it is used, in milliseconds. PostgreSQL keeps
   * revocations for as long: lower it only after the sessions that began under the higher value
   * have ended.
   *
   * @defaultValue `2_592_000_000`, thirty days
   */
  readonly absoluteTtlMs?: number
  /**
   * Time between two looks for revocations that another process wrote and could not apply in Redis,
   * in milliseconds. Such a session ends at most half a second later than that. One small statement
   * per look.
   *
   * @defaultValue `750`
   */
  readonly lookEveryMs?: number
  /**
   * Sessions that a user can have at the same time. Beginning one more ends the oldest.
   *
   * @defaultValue `100`
   */
  readonly maxPerUser?: number
  /**
   * Characters of JSON that the data of a session can have: every request reads it.
   *
   * @defaultValue `65_536`
   */
  readonly maxDataLength?: number
}

/** Defaults of {@link SessionOptions}. */
export const sessionDefaults = {
  ttlMs: 86_400_000,
  absoluteTtlMs: 2_592_000_000,
  lookEveryMs: 750,
  maxPerUser: 100,
  maxDataLength: 65_536,
} as const satisfies Required<SessionOptions>

/** The id of a user: a text that is not empty, or a finite number. */
export type SessionUserId = string | number

/** A session to begin. */
export interface NewSession<
  UserId extends SessionUserId = SessionUserId,
  Data extends Json = Json,
> {
  /** Its user. */
  readonly userId: UserId
  /**
   * The host's own data, returned with the session.
   *
   * @defaultValue `null`
   */
  readonly data?: Data
  /**
   * Idle time after which this session ends, in milliseconds; at most `absoluteTtlMs`.
   *
   * @defaultValue `ttlMs` of the options
   */
  readonly ttlMs?: number
  /**
   * Time after which this session ends however much it is used, in milliseconds; at most that of
   * the options.
   *
   * @defaultValue `absoluteTtlMs` of the options
   */
  readonly absoluteTtlMs?: number
}

/** A session that has begun. */
export interface StartedSession {
  /** The secret that identifies it, 43 characters of base64url: for the user only, never stored. */
  readonly token: string
  /** When it ends unless it is used. */
  readonly expiresAt: Date
}

/** A live session. */
export interface Session<UserId extends SessionUserId = SessionUserId, Data extends Json = Json> {
  /** A hash of its token, 64 hexadecimal digits: identifies the session, reveals no token. */
  readonly id: string
  /** Its user, as given to `create`. */
  readonly userId: UserId
  /** The host's own data, as given to `create` or `setData`; `null` when none was given. */
  readonly data: Data
  /** When it began; under its first token, where that was rotated. */
  readonly createdAt: Date
  /** When it ends unless it is used. */
  readonly expiresAt: Date
}

/** The session has not begun, because all sessions of its user were revoked at the same time. */
export type SessionsRevoked = Failure<'sessions-revoked'>

/** A revocation of all sessions of a user, written in a transaction. */
export interface PendingRevocation {
  /**
   * Ends the sessions and returns their number. Call it after the commit. Without the call, or when
   * it fails, the sessions end as soon as a process that uses sessions looks: within two seconds
   * while Redis and PostgreSQL answer. Two Redis round trips, and one of PostgreSQL in the
   * background.
   */
  apply(): ResultAsync<number, StoreError>
}

/**
 * Sessions in Redis. Revocations are kept in PostgreSQL, so that a Redis that returns with an older
 * state revives no revoked session.
 *
 * An outage never makes a session valid: while Redis does not answer, every call fails with
 * `store-unavailable`. After a start, and after Redis was lost, the first call reads from
 * PostgreSQL the revocations that Redis may have missed and applies them; until PostgreSQL has
 * answered, calls fail with `store-unavailable`. While Redis stays connected, only revoking and
 * rotating need PostgreSQL.
 *
 * Reads end when their caller aborts. What begins, renews or ends a session takes no signal: who
 * gave it up could not tell which token holds.
 */
export interface Sessions<UserId extends SessionUserId = SessionUserId, Data extends Json = Json> {
  /**
   * Begins a session; `sessions-revoked` when a concurrent `revokeAll` of its user won, and
   * `invalid-input` when JSON would change its data or the data is too long. Two Redis round trips;
   * four more when the user has more than `maxPerUser` sessions, some of which may have expired.
   */
  create(
    session: NewSession<UserId, Data>,
  ): ResultAsync<StartedSession, InvalidInput | StoreError | SessionsRevoked>
  /**
   * The session of a token; `undefined` when there is none, or it has ended or was revoked. Does
   * not extend it. One Redis round trip, shared by all calls of the same tick.
   */
  get(
    token: string,
    options?: Abortable,
  ): ResultAsync<Session<UserId, Data> | undefined, StoreError>
  /**
   * Like `get`, and extends the session: to one `ttlMs` from now, never beyond `absoluteTtlMs` from
   * its beginning. Writes only when that gains a sixtieth of `ttlMs`. One Redis round trip.
   */
  touch(
    token: string,
    options?: Abortable,
  ): ResultAsync<Session<UserId, Data> | undefined, StoreError>
  /**
   * Replaces the data of a session and returns the session; `undefined` when there is none. Of
   * concurrent calls the last one holds, and a concurrent `rotate` may keep the old data. Two Redis
   * round trips.
   */
  setData(
    token: string,
    data: Data,
  ): ResultAsync<Session<UserId, Data> | undefined, InvalidInput | StoreError>
  /**
   * Gives a session a new token and ends the old one for good. Its beginning and its absolute end
   * stay. `undefined` when there is no such session; of concurrent calls with one token, one gets a
   * new token and the others `undefined`. After a failure the old token may have ended. Four Redis
   * round trips, one of them in the background, and one of PostgreSQL.
   */
  rotate(token: string): ResultAsync<StartedSession | undefined, StoreError>
  /**
   * Ends a session, by its token or its id; `true` when there was one. While Redis does not answer
   * it fails with `store-unavailable`, and the session ends once Redis answers. Three Redis round
   * trips and one of PostgreSQL, and one of PostgreSQL in the background; one of Redis when there
   * is no such session.
   */
  revoke(session: string | Pick<Session, 'id'>): ResultAsync<boolean, StoreError>
  /**
   * Ends all sessions of a user, including those that are about to begin, and returns their number.
   * While Redis does not answer it fails with `store-unavailable`, and the sessions end once Redis
   * answers. Two Redis round trips and one of PostgreSQL, and one of each in the background.
   */
  revokeAll(userId: UserId): ResultAsync<number, InvalidInput | StoreError>
  /**
   * Ends all other sessions of a session's user, including those that are about to begin; the
   * session continues under a new token. `undefined` when there is no such session, and
   * `sessions-revoked` when all or all others were revoked at the same time. After a failure the
   * session may have ended too. Six Redis round trips and two of PostgreSQL, one of them in the
   * background.
   */
  revokeOthers(token: string): ResultAsync<StartedSession | undefined, StoreError | SessionsRevoked>
  /**
   * Writes into a transaction that all sessions of a user end with its commit. Rejects as the
   * transaction's statements do, and with `invalid-input` without a user. One round trip of
   * PostgreSQL.
   */
  revokeAllWithin(tx: SqlClient, userId: UserId): Promise<PendingRevocation>
  /** The sessions of a user, newest first. Two Redis round trips. */
  list(
    userId: UserId,
    options?: Abortable,
  ): ResultAsync<Session<UserId, Data>[], InvalidInput | StoreError>
}
