import type { RedisClientType } from 'redis'
import { MicroBatch } from '../micro-batch.ts'
import type { StoreError } from '../errors.ts'
import { err, ok, okAsync, Result, ResultAsync } from '../result.ts'
import { redisUnavailable } from '../stores/redis/redis-failure.ts'
import { runScript } from '../stores/redis/redis-script.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import { RevocationGate } from './revocation-gate.ts'
import type { Revocation } from './revocation-log.ts'
import { Revocations } from './revocations.ts'
import { decodeSession, encodePayload, timesOf, type SessionPayload } from './session-entry.ts'
import { indexKey, sessionKey, userName } from './session-keys.ts'
import {
  confirmSession,
  enterSession,
  leaveSession,
  storeSession,
  touchSession,
} from './session-scripts.ts'
import { hashOfToken, newToken } from './session-token.ts'
import type {
  NewSession,
  PendingRevocation,
  Session,
  SessionOptions,
  Sessions,
  SessionsRevoked,
  SessionStores,
  StartedSession,
} from './sessions.ts'

type Outcome<T, E = never> = Result<T, StoreError | E>

/** Beyond that a single MGET would keep the server busy for too long. */
const maxKeys = 500

/** Sessions, one string each, and per user an index that says which there are. */
export class RedisSessions implements Sessions {
  readonly #redis: RedisStore
  readonly #settings: Required<SessionOptions>
  readonly #revocations: Revocations
  readonly #gate: RevocationGate
  readonly #reads: MicroBatch<string, Outcome<string | null>>

  constructor(stores: SessionStores, settings: Required<SessionOptions>) {
    this.#redis = stores.redis
    this.#settings = settings
    this.#revocations = new Revocations(stores, settings.absoluteTtlMs)
    this.#gate = new RevocationGate({
      stores,
      revocations: this.#revocations,
      lookEveryMs: settings.lookEveryMs,
    })
    this.#reads = new MicroBatch((hashes) => this.#readAll(hashes))
    stores.beforeClose(async () => {
      await this.#gate.stop()
      await this.#revocations.settled()
    })
  }

  create({
    userId,
    data = null,
  }: NewSession): ResultAsync<StartedSession, StoreError | SessionsRevoked> {
    return this.#gated<StartedSession, SessionsRevoked>(async () => {
      const started = await this.#begin({ userId, data })
      if (started.isErr()) return err(started.error)
      const isConfirmed = await this.#redis.run('confirm session', (client) =>
        this.#confirm(client, started.value),
      )
      if (isConfirmed.isErr()) return err(isConfirmed.error)
      if (isConfirmed.value) return ok(startedSession(started.value))
      await this.#remove(started.value)
      return err({
        type: 'sessions-revoked',
        message: 'all sessions of the user were revoked while this one began',
        retryable: true,
      })
    })
  }

  get(token: string): ResultAsync<Session | undefined, StoreError> {
    const hash = hashOfToken(token)
    if (hash === undefined) return okAsync(undefined)
    return new ResultAsync(this.#get(hash))
  }

  touch(token: string): ResultAsync<Session | undefined, StoreError> {
    const hash = hashOfToken(token)
    if (hash === undefined) return okAsync(undefined)
    const call = { key: sessionKey(this.#redis, hash), arguments: [String(this.#settings.ttlMs)] }
    return this.#gated(() =>
      this.#redis.run('touch session', async (client) => {
        const text = await runScript(client, touchSession, call)
        return decodeSession(hash, typeof text === 'string' ? text : null)
      }),
    )
  }

  rotate(token: string): ResultAsync<StartedSession | undefined, StoreError> {
    const hash = hashOfToken(token)
    if (hash === undefined) return okAsync(undefined)
    return this.#gated(() => this.#rotate(hash))
  }

  revoke(session: string | Pick<Session, 'id'>): ResultAsync<boolean, StoreError> {
    const hash = typeof session === 'string' ? hashOfToken(session) : idOf(session)
    return hash === undefined ? okAsync(false) : new ResultAsync(this.#revoke(hash))
  }

  revokeAll(userId: string | number): ResultAsync<number, StoreError> {
    return this.#revocations.log
      .write({ user: userName(userId) })
      .andThen((revocation) => this.#apply(revocation))
  }

  async revokeAllWithin(tx: SqlClient, userId: string | number): Promise<PendingRevocation> {
    const revocation = await this.#revocations.log.writeWithin(tx, { user: userName(userId) })
    return { apply: () => this.#apply(revocation) }
  }

  list(userId: string | number): ResultAsync<Session[], StoreError> {
    return this.#gated(async () => {
      const index = indexKey(this.#redis, userName(userId))
      const members = await this.#redis.run('list sessions', (client) =>
        client.zRangeByScore(index, 0, largestTime),
      )
      if (members.isErr()) return err(members.error)
      const hashes = members.value.map((member) => member.slice(member.indexOf(':') + 1))
      const texts = Result.combine(await Promise.all(hashes.map((hash) => this.#reads.add(hash))))
      return texts.map((found) =>
        found
          .flatMap((text, index) => decodeSession(hashes[index] ?? '', text) ?? [])
          .sort(newestFirst),
      )
    })
  }

  /** The path of every request: what {@link RedisSessions.#ask} does, without its generality. */
  async #get(hash: string): Promise<Outcome<Session | undefined>> {
    if (this.#gate.isOpen) {
      const { losses } = this.#gate
      const text = await this.#reads.add(hash)
      if (text.isErr()) return err(text.error)
      if (losses === this.#gate.losses) return ok(decodeSession(hash, text.value))
    }
    return (await this.#ask(() => this.#reads.add(hash))).map((text) => decodeSession(hash, text))
  }

  /**
   * The token is given out only once the old one has ended, and only when no `revokeAll` came in
   * between.
   */
  async #rotate(hash: string): Promise<Outcome<StartedSession | undefined>> {
    const read = await this.#reads.add(hash)
    if (read.isErr()) return err(read.error)
    const before = decodeSession(hash, read.value)
    if (before === undefined) return ok(undefined)
    const started = await this.#begin(before, { hash, times: timesOf(read.value ?? '') })
    if (started.isErr()) return err(started.error)
    if (started.value.epoch === undefined)
      return this.#remove(started.value).then(() => ok(undefined))
    const written = await this.#revocations.log.write({ session: hash, isApplied: true })
    const taken = written.isErr() ? err(written.error) : await this.#exchange(before, started.value)
    if (taken.isOk() && taken.value) return ok(startedSession(started.value))
    await this.#remove(started.value)
    return taken.map(() => undefined)
  }

  /**
   * Takes the old session away and says whether that ended it, with the new one still in its user's
   * epoch. One round trip.
   */
  #exchange(before: Session, started: BegunSession): ResultAsync<boolean, StoreError> {
    return this.#redis.run('rotate session', async (client) => {
      const [old, isConfirmed] = await Promise.all([
        client.getDel(sessionKey(this.#redis, before.id)),
        this.#confirm(client, started),
        this.#leave(client, before.userId, before.id),
      ])
      return old !== null && isConfirmed
    })
  }

  /**
   * What cannot be told to Redis is written down all the same: it holds as soon as Redis can be
   * told.
   */
  async #revoke(hash: string): Promise<Outcome<boolean>> {
    const read = await this.#reads.add(hash)
    const before = read.map((text) => decodeSession(hash, text))
    if (before.isOk() && before.value === undefined) return ok(false)
    const written = await this.#revocations.log.write({ session: hash, isApplied: false })
    if (written.isErr()) return err(written.error)
    const applied = await this.#apply(written.value)
    if (before.isErr()) return err(before.error)
    if (applied.isErr()) return err(applied.error)
    const userId = before.value?.userId ?? ''
    // Somebody may have rotated it meanwhile: then it goes on under another token. An index that
    // names it still does no harm.
    await this.#redis
      .run('leave index', (client) => this.#leave(client, userId, hash))
      .unwrapOr(undefined)
    return ok(applied.value > 0)
  }

  #apply(revocation: Revocation): ResultAsync<number, StoreError> {
    return new ResultAsync(this.#revocations.apply([revocation])).orTee(() => {
      this.#gate.close()
    })
  }

  /** Enters a session and stores it under a new token, which nobody knows yet. One round trip. */
  #begin(
    payload: SessionPayload,
    { hash: old = '', times: [created, limit] = [] }: Partial<Predecessor> = {},
  ): ResultAsync<BegunSession, StoreError> {
    const { ttlMs, absoluteTtlMs } = this.#settings
    const token = newToken()
    const hash = hashOfToken(token) ?? ''
    const entry = {
      key: indexKey(this.#redis, userName(payload.userId)),
      arguments: [hash, String(absoluteTtlMs), old],
    }
    const session = {
      key: sessionKey(this.#redis, hash),
      arguments: [
        encodePayload(payload),
        String(ttlMs),
        String(absoluteTtlMs),
        String(created ?? ''),
        String(limit ?? ''),
      ],
    }
    return this.#redis.run('begin session', async (client) => {
      const [epoch, text] = await Promise.all([
        runScript(client, enterSession, entry),
        runScript(client, storeSession, session),
      ])
      const { expiresAt } = decodeSession(hash, String(text)) ?? { expiresAt: new Date(0) }
      return {
        token,
        hash,
        epoch: typeof epoch === 'string' ? epoch : undefined,
        userId: payload.userId,
        expiresAt,
      }
    })
  }

  async #confirm(client: RedisClientType, { userId, hash, epoch }: BegunSession): Promise<boolean> {
    return (
      (await runScript(client, confirmSession, {
        key: indexKey(this.#redis, userName(userId)),
        arguments: [hash, epoch ?? ''],
      })) === 1
    )
  }

  #leave(client: RedisClientType, userId: string | number, hash: string): Promise<unknown> {
    return runScript(client, leaveSession, {
      key: indexKey(this.#redis, userName(userId)),
      arguments: [hash],
    })
  }

  /** Nobody knows the token of what stays when this fails. */
  async #remove({ hash, userId }: BegunSession): Promise<void> {
    const key = sessionKey(this.#redis, hash)
    await this.#redis
      .run('remove session', (client) =>
        Promise.all([client.unlink(key), this.#leave(client, userId, hash)]),
      )
      .unwrapOr(undefined)
  }

  async #readAll(hashes: readonly string[]): Promise<Outcome<string | null>[]> {
    const keys = hashes.map((hash) => sessionKey(this.#redis, hash))
    const values: (string | null)[] = []
    while (values.length < keys.length) {
      const flush = keys.slice(values.length, values.length + maxKeys)
      const reply = await this.#redis.run('get session', async (client) =>
        flush.length === 1 ? [await client.get(flush[0] ?? '')] : client.mGet(flush),
      )
      if (reply.isErr()) return hashes.map(() => err(reply.error))
      values.push(...reply.value)
    }
    return values.map((value) => ok(value))
  }

  /** Answers only what was asked for and answered while every revocation was known to hold. */
  #gated<T, E = never>(
    ask: () => Promise<Outcome<T, E>> | ResultAsync<T, StoreError>,
  ): ResultAsync<T, StoreError | E> {
    return new ResultAsync(this.#ask(ask))
  }

  async #ask<T, E>(
    ask: () => Promise<Outcome<T, E>> | ResultAsync<T, StoreError>,
  ): Promise<Outcome<T, E>> {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const closed = this.#gate.isOpen ? undefined : await this.#gate.open()
      if (closed !== undefined) return err(closed)
      const { losses } = this.#gate
      const answer = await ask()
      if (losses === this.#gate.losses || answer.isErr()) return answer
    }
    return err(redisUnavailable('sessions', 'lost time and again'))
  }
}

/** Above it the scores of an index are no times. */
const largestTime = 3e15

interface BegunSession extends StartedSession {
  readonly hash: string
  readonly userId: string | number
  /** The epoch of its user that it was entered under; `undefined` when it may not go on. */
  readonly epoch: string | undefined
}

interface Predecessor {
  readonly hash: string
  readonly times: readonly number[]
}

function startedSession({ token, expiresAt }: BegunSession): StartedSession {
  return { token, expiresAt }
}

function newestFirst(one: Session, other: Session): number {
  return other.createdAt.getTime() - one.createdAt.getTime()
}

function idOf({ id }: Pick<Session, 'id'>): string | undefined {
  return /^[0-9a-f]{64}$/.test(id) ? id : undefined
}
