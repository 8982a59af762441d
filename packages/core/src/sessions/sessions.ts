import type { RedisClientType } from 'redis'
import { cacheKey } from '../cache/cache-key.ts'
import type { StoreError } from '../errors.ts'
import { runScript } from '../stores/redis-script.ts'
import type { Json } from '../outbox/event.ts'
import { okAsync, type ResultAsync } from '../result.ts'
import type { RedisStore, Stores } from '../stores/stores.ts'
import { createSession, indexSession, touchSession } from './session-scripts.ts'
import { hashOfToken, newToken } from './session-token.ts'

/**
 * Options of {@link createSessions}.
 */
export interface SessionOptions {
  /**
   * Time without use after which a session ends, in milliseconds.
   *
   * @defaultValue `86_400_000`, one day
   */
  readonly ttlMs?: number
  /**
   * Time after which a session ends however much it is used, in milliseconds.
   *
   * @defaultValue `2_592_000_000`, thirty days
   */
  readonly absoluteTtlMs?: number
  /**
   * Time a call has, in milliseconds.
   *
   * @defaultValue `500`
   */
  readonly deadlineMs?: number
}

/** Defaults of {@link SessionOptions}. */
export const sessionDefaults = { ttlMs: 86_400_000, absoluteTtlMs: 2_592_000_000, deadlineMs: 500 } as const satisfies Required<SessionOptions>

/**
 * A session that is to begin.
 */
export interface NewSession {
  /**
   * Whose it is.
   */
  readonly userId: string | number
  /**
   * What the host wants to find in it again.
   *
   * @defaultValue `null`
   */
  readonly data?: Json
}

/**
 * A session that has begun.
 */
export interface StartedSession {
  /**
   * The secret that names it, 43 characters of base64url: hand it to the user, keep it nowhere.
   */
  readonly token: string
  /**
   * When it ends unless it is used.
   */
  readonly expiresAt: Date
}

/**
 * A session under way.
 */
export interface Session {
  /**
   * SHA-256 of its token, in hexadecimal: names it without giving it away.
   */
  readonly id: string
  /**
   * Whose it is, as it was given.
   */
  readonly userId: string | number
  /**
   * What was given with it.
   */
  readonly data: Json
  /**
   * When it began.
   */
  readonly createdAt: Date
  /**
   * When it ends unless it is used.
   */
  readonly expiresAt: Date
}

/**
 * Sessions in Redis. When Redis cannot be asked every call is an error: an outage never makes a session valid, nor a revoked one.
 */
export interface Sessions {
  /**
   * Begins a session. Two round trips.
   */
  create(session: NewSession): ResultAsync<StartedSession, StoreError>
  /**
   * The session of a token, whose end is put off; `undefined` when there is none, it has ended or was revoked. One round trip.
   */
  get(token: string): ResultAsync<Session | undefined, StoreError>
  /**
   * Ends the session of a token and says whether there was one. Two round trips.
   */
  revoke(token: string): ResultAsync<boolean, StoreError>
  /**
   * Ends all sessions that a user has begun before, and says how many there were. Two round trips.
   */
  revokeAll(userId: string | number): ResultAsync<number, StoreError>
  /**
   * The sessions of a user, newest first; none is put off. Two round trips.
   */
  list(userId: string | number): ResultAsync<Session[], StoreError>
}

/**
 * Makes the sessions of one application.
 *
 * @throws RangeError when a time is not positive.
 */
export function createSessions(stores: Pick<Stores, 'redis'>, options: SessionOptions = {}): Sessions {
  const settings = { ...sessionDefaults, ...options }
  for (const [name, ms] of Object.entries(settings)) {
    if (!(ms > 0)) throw new RangeError(`${name} of sessions is more than 0 ms: got ${ms}`)
  }
  return new RedisSessions(stores.redis, settings)
}

class RedisSessions implements Sessions {
  readonly #redis: RedisStore
  readonly #settings: Required<SessionOptions>

  constructor(redis: RedisStore, settings: Required<SessionOptions>) {
    this.#redis = redis
    this.#settings = settings
  }

  create({ userId, data = null }: NewSession): ResultAsync<StartedSession, StoreError> {
    const { ttlMs, absoluteTtlMs } = this.#settings
    const token = newToken()
    const hash = hashOfToken(token) ?? ''
    return this.#run('create session', async (client) => {
      await runScript(client, indexSession, { key: this.#indexKey(userId), arguments: [hash, String(absoluteTtlMs)] })
      const values = [JSON.stringify(userId), JSON.stringify(data), String(ttlMs), String(absoluteTtlMs)]
      const [, , expires] = await runScript(client, createSession, { key: this.#key(hash), arguments: values }) as string[]
      return { token, expiresAt: new Date(Number(expires)) }
    })
  }

  get(token: string): ResultAsync<Session | undefined, StoreError> {
    const hash = hashOfToken(token)
    if (hash === undefined) return okAsync(undefined)
    return this.#run('get session', (client) => this.#read(client, hash, this.#settings.ttlMs))
  }

  revoke(token: string): ResultAsync<boolean, StoreError> {
    const hash = hashOfToken(token)
    if (hash === undefined) return okAsync(false)
    return this.#run('revoke session', async (client) => {
      const session = await this.#read(client, hash, 0)
      const removed = client.unlink(this.#key(hash))
      if (session !== undefined) await Promise.all([removed, client.zRem(this.#indexKey(session.userId), hash)])
      return await removed > 0
    })
  }

  revokeAll(userId: string | number): ResultAsync<number, StoreError> {
    return this.#run('revoke sessions', async (client) => {
      const hashes = await client.zRange(this.#indexKey(userId), 0, -1)
      // The index keeps naming them until their time is over: one that is just being created would be lost to the next call otherwise.
      const removed = await Promise.all(hashes.map((hash) => client.unlink(this.#key(hash))))
      return removed.reduce((sum, count) => sum + count, 0)
    })
  }

  list(userId: string | number): ResultAsync<Session[], StoreError> {
    return this.#run('list sessions', async (client) => {
      const hashes = await client.zRange(this.#indexKey(userId), 0, -1)
      const sessions = await Promise.all(hashes.map((hash) => this.#read(client, hash, 0)))
      const present = sessions.filter((session) => session !== undefined)
      return present.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
    })
  }

  async #read(client: RedisClientType, hash: string, slideMs: number): Promise<Session | undefined> {
    const reply = await runScript(client, touchSession, { key: this.#key(hash), arguments: [String(slideMs)] })
    if (!Array.isArray(reply)) return undefined
    const [user, data, created, expires] = reply.map(String)
    return {
      id: hash,
      userId: JSON.parse(user ?? '') as string | number,
      data: JSON.parse(data ?? 'null') as Json,
      createdAt: new Date(Number(created)),
      expiresAt: new Date(Number(expires)),
    }
  }

  #run<T>(operation: string, command: (client: RedisClientType) => Promise<T>): ResultAsync<T, StoreError> {
    return this.#redis.run(operation, command, { deadlineMs: this.#settings.deadlineMs })
  }

  #key(hash: string): string {
    return `${this.#redis.keyPrefix}${cacheKey('session', hash).text}`
  }

  #indexKey(userId: string | number): string {
    return `${this.#redis.keyPrefix}${cacheKey('user', userId, 'sessions').text}`
  }
}
