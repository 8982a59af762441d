import type { RedisClientType } from '@redis/client'
import type { StoreError } from '../errors.ts'
import { batchesOf } from '../in-batches.ts'
import { MicroBatch } from '../micro-batch.ts'
import { err, ok, Result, type ResultAsync } from '../result.ts'
import { KeyReader } from '../stores/redis/reads/key-reader.ts'
import { runScripts } from '../stores/redis/redis-script.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import { confirmSession } from './scripts/confirm-session.ts'
import { enterSession } from './scripts/enter-session.ts'
import { epochOfSession } from './scripts/epoch-of-session.ts'
import { leaveSession } from './scripts/leave-session.ts'
import { setSessionData } from './scripts/set-session-data.ts'
import { storeSession } from './scripts/store-session.ts'
import { touchSession } from './scripts/touch-session.ts'
import { decodeSession, encodePayload, type SessionPayload } from './session-entry.ts'
import type { SessionTimes } from './session-entry.ts'
import { indexKey, sessionKey, userName } from './session-keys.ts'
import { hashOfToken, newToken } from './session-token.ts'
import type { Session, SessionOptions, StartedSession } from './sessions.ts'

/** A session that is stored under a token which has not been handed out. */
export interface BegunSession extends StartedSession {
  /** Hash of its token. */
  readonly hash: string
  /** Its user. */
  readonly userId: string | number
  /** The user's epoch that it was entered in; `undefined` when it must not continue. */
  readonly epoch: string | undefined
  /** The number of sessions in the user's index, some of which may have ended. */
  readonly siblings: number
}

/** A session that one caller has removed, to continue it. */
export interface ClaimedSession {
  /** Its text; `null` when another caller has it or it has ended. */
  readonly text: string | null
  /** The user's epoch that it is of; `undefined` when it has been revoked. */
  readonly epoch: string | undefined
}

/** A session to be stored under a new token. */
export interface SessionToBegin extends SessionPayload {
  /** Its own idle time in milliseconds, if it has one. */
  readonly ttlMs?: number | undefined
  /** Its own absolute time in milliseconds, if it has one. */
  readonly absoluteTtlMs?: number | undefined
  /** The moments that stay, for a session that continues under a new token. */
  readonly times?: SessionTimes
  /** Hash of the token of the session that it continues, which must not have been revoked. */
  readonly continues?: string
}

/** Members that leave an index by one command. */
const membersAtOnce = 500

/** Scores of an index above this are not moments. */
const latestMoment = 3e15

/**
 * Sessions in Redis: one string per session, and per user an index that names them. Knows nothing
 * of revocations that Redis may have missed.
 */
export class StoredSessions {
  readonly #redis: RedisStore
  readonly #reader: KeyReader
  readonly #times: Required<Pick<SessionOptions, 'ttlMs' | 'absoluteTtlMs'>>
  readonly #reads: MicroBatch<string, Result<string | null, StoreError>>

  constructor(redis: RedisStore, times: Required<Pick<SessionOptions, 'ttlMs' | 'absoluteTtlMs'>>) {
    this.#redis = redis
    this.#reader = new KeyReader(redis, 'get session')
    this.#times = times
    this.#reads = new MicroBatch((hashes) => this.#readAll(hashes))
  }

  /** The stored text of a session, `null` when there is none. One round trip per tick. */
  read(hash: string): Promise<Result<string | null, StoreError>> {
    return this.#reads.add(hash)
  }

  /** Extends a session and returns it. One round trip. */
  touch(hash: string): ResultAsync<Session | undefined, StoreError> {
    const key = sessionKey(this.#redis, hash)
    return this.#redis.run('touch session', async (client) =>
      decodeSession(hash, await touchSession(client, key, this.#times)),
    )
  }

  /** Replaces the host's part of a session and returns the session. One round trip. */
  setPayload(hash: string, payload: SessionPayload): ResultAsync<Session | undefined, StoreError> {
    const key = sessionKey(this.#redis, hash)
    return this.#redis.run('set session data', async (client) =>
      decodeSession(hash, await setSessionData(client, key, encodePayload(payload))),
    )
  }

  /** The sessions of a user, newest first. Two round trips. */
  list(userId: string | number): Promise<Result<Session[], StoreError>> {
    return this.#readIndex(userId).then((found) => found.map(({ sessions }) => sessions))
  }

  /**
   * Ends the oldest sessions of a user beyond `most`, and lets the index forget those that have
   * ended. Does nothing while Redis does not answer. Four round trips.
   */
  async keepNewest(userId: string | number, most: number): Promise<void> {
    const found = await this.#readIndex(userId)
    if (found.isErr()) return
    const { members, sessions } = found.value
    const kept = new Set(sessions.slice(0, most).map(({ id }) => id))
    const surplus = sessions.slice(most).map(({ id }) => sessionKey(this.#redis, id))
    const gone = members.filter((member) => !kept.has(hashIn(member)))
    // The keys first: a session that the index does not name would survive a revocation.
    const ended = await runScripts(this.#redis, 'end oldest sessions', {
      items: surplus,
      run: (client, key) => client.unlink(key),
    })
    if (ended.isErr()) return
    const forgotten = await runScripts(this.#redis, 'forget sessions', {
      items: batchesOf(gone, { maxItems: membersAtOnce }),
      run: (client, members) => client.zRem(this.#index(userId), members),
    })
    if (forgotten.isErr()) return
    // One that was about to be stored may have been stored since, and no revocation would find it.
    const unnamed = await runScripts(this.#redis, 'end forgotten sessions', {
      items: gone,
      run: (client, member) => client.unlink(sessionKey(this.#redis, hashIn(member))),
    })
    unnamed.unwrapOr([])
  }

  /** Enters and stores a session under a new token. One round trip. */
  begin({ continues, times, ...session }: SessionToBegin): ResultAsync<BegunSession, StoreError> {
    const { userId, data } = session
    const ownTtlMs = times === undefined ? session.ttlMs : times.ownTtlMs
    const absoluteTtlMs = session.absoluteTtlMs ?? this.#times.absoluteTtlMs
    const token = newToken(userName(userId))
    const hash = hashOfToken(token) ?? ''
    return this.#redis.run('begin session', async (client) => {
      const [entered, text] = await Promise.all([
        enterSession(client, { index: this.#index(userId), hash, absoluteTtlMs, continues }),
        storeSession(client, {
          key: sessionKey(this.#redis, hash),
          payload: encodePayload({ userId, data }),
          times,
          ttlMs: ownTtlMs ?? this.#times.ttlMs,
          hasOwnTtl: ownTtlMs !== undefined,
          absoluteTtlMs,
        }),
      ])
      const { expiresAt } = decodeSession(hash, text) ?? { expiresAt: new Date(0) }
      const siblings = entered?.count ?? 0
      return { token, hash, epoch: entered?.epoch, userId, expiresAt, siblings }
    })
  }

  /**
   * Removes a session and returns its text, which one caller gets, and the epoch that it is of. One
   * round trip.
   */
  claim({ id, userId }: Pick<Session, 'id' | 'userId'>): ResultAsync<ClaimedSession, StoreError> {
    return this.#redis.run('claim session', async (client) => {
      const [text, epoch] = await Promise.all([
        client.getDel(sessionKey(this.#redis, id)),
        epochOfSession(client, this.#index(userId), id),
      ])
      return { text, epoch }
    })
  }

  /** Whether no revocation came after a session began. One round trip. */
  confirm(begun: BegunSession): ResultAsync<boolean, StoreError> {
    return this.#redis.run('confirm session', (client) => this.#confirm(client, begun))
  }

  /**
   * Removes the session that another one continues. True when that ended it and no revocation came
   * after the new one began. One round trip. It stays in the index until it has ended for certain:
   * on a cluster one command may be lost and the other not.
   */
  exchange(before: Session, begun: BegunSession): ResultAsync<boolean, StoreError> {
    return this.#redis.run('rotate session', async (client) => {
      const [old, isConfirmed] = await Promise.all([
        client.getDel(sessionKey(this.#redis, before.id)),
        this.#confirm(client, begun),
      ])
      return old !== null && isConfirmed
    })
  }

  /** Removes a session whose token was not handed out; failing that, it expires unseen. */
  async discard({ hash, userId }: BegunSession): Promise<void> {
    const key = sessionKey(this.#redis, hash)
    await this.#redis
      .run('remove session', (client) =>
        Promise.all([client.unlink(key), leaveSession(client, this.#index(userId), hash)]),
      )
      .unwrapOr(undefined)
  }

  /** Removes a deleted session from its user's index. An index that still names it does no harm. */
  async leave({ id, userId }: Pick<Session, 'id' | 'userId'>): Promise<void> {
    await this.#redis
      .run('leave index', (client) => leaveSession(client, this.#index(userId), id))
      .unwrapOr(undefined)
  }

  async #readIndex(
    userId: string | number,
  ): Promise<Result<{ members: string[]; sessions: Session[] }, StoreError>> {
    const found = await this.#redis.run('list sessions', (client) =>
      client.zRangeByScore(this.#index(userId), 0, latestMoment),
    )
    if (found.isErr()) return err(found.error)
    const hashes = found.value.map(hashIn)
    const texts = Result.combine(await Promise.all(hashes.map((hash) => this.read(hash))))
    return texts.map((stored) => ({
      members: found.value,
      sessions: stored
        .flatMap((text, at) => decodeSession(hashes[at] ?? '', text) ?? [])
        .sort((one, other) => other.createdAt.getTime() - one.createdAt.getTime()),
    }))
  }

  #index(userId: string | number): string {
    return indexKey(this.#redis, userName(userId))
  }

  #confirm(client: RedisClientType, { userId, hash, epoch = '' }: BegunSession): Promise<boolean> {
    return confirmSession(client, this.#index(userId), { hash, epoch })
  }

  async #readAll(hashes: readonly string[]): Promise<Result<string | null, StoreError>[]> {
    const read = await this.#reader.read(hashes.map((hash) => sessionKey(this.#redis, hash)))
    return read.isErr() ? hashes.map(() => err(read.error)) : read.value.map((value) => ok(value))
  }
}

/** The hash of a member of an index. */
function hashIn(member: string): string {
  return member.slice(member.indexOf(':') + 1)
}
