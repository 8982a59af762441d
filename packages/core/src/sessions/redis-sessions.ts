import type { Abortable } from '../call-options.ts'
import type { InvalidInput, StoreError } from '../errors.ts'
import { FailureError } from '../failure/failure-error.ts'
import type { NamedOperation } from '../failure/given-up.ts'
import type { Json } from '../json/json.ts'
import { err, errAsync, ok, okAsync, type Result, ResultAsync } from '../result.ts'
import { unlessAborted } from '../resilience/unless-aborted.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import type { AppliedRevocations } from './apply-in-redis.ts'
import { RevocationGate } from './revocation-gate.ts'
import type { Revocation } from './revocation-log.ts'
import { Revocations } from './revocations.ts'
import { invalidData, invalidSession, invalidUserId } from './new-session.ts'
import { decodeSession, decodeTimes } from './session-entry.ts'
import { userName } from './session-keys.ts'
import { hashOfToken } from './session-token.ts'
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
import { type BegunSession, type SessionToBegin, StoredSessions } from './stored-sessions.ts'

type Outcome<T, E = never> = Result<T, StoreError | E>

/** Sessions in Redis, behind a gate that opens once every revocation holds there. */
export class RedisSessions implements Sessions {
  readonly #stored: StoredSessions
  readonly #revocations: Revocations
  readonly #gate: RevocationGate
  readonly #settings: Required<SessionOptions>
  readonly #diagnostics: SessionStores['diagnostics']

  constructor(stores: SessionStores, settings: Required<SessionOptions>) {
    this.#settings = settings
    this.#diagnostics = stores.diagnostics
    this.#stored = new StoredSessions(stores.redis, settings)
    this.#revocations = new Revocations(stores, settings.absoluteTtlMs)
    this.#gate = new RevocationGate({
      stores,
      revocations: this.#revocations,
      lookEveryMs: settings.lookEveryMs,
    })
    stores.beforeClose(async () => {
      await this.#gate.stop()
      await this.#revocations.settled()
    })
  }

  create(
    session: NewSession,
  ): ResultAsync<StartedSession, InvalidInput | StoreError | SessionsRevoked> {
    const invalid = invalidSession(session, this.#settings)
    if (invalid !== undefined) return errAsync(invalid)
    const { userId, data = null, ttlMs, absoluteTtlMs } = session
    return this.#gated<StartedSession, SessionsRevoked>(() =>
      this.#begin({ userId, data, ttlMs, absoluteTtlMs }),
    ).andTee(() => {
      this.#diagnostics.emit('session:started', { count: 1 })
    })
  }

  get(token: string, options?: Abortable): ResultAsync<Session | undefined, StoreError> {
    const hash = hashOfToken(token)
    if (hash === undefined) return okAsync(undefined)
    return options?.signal === undefined
      ? new ResultAsync(this.#get(hash))
      : unlessAborted(options, asked('get session'), () => new ResultAsync(this.#get(hash)))
  }

  touch(token: string, options?: Abortable): ResultAsync<Session | undefined, StoreError> {
    const hash = hashOfToken(token)
    if (hash === undefined) return okAsync(undefined)
    return unlessAborted(options, asked('touch session'), () =>
      this.#gated(() => this.#stored.touch(hash)),
    )
  }

  setData(token: string, data: Json): ResultAsync<Session | undefined, InvalidInput | StoreError> {
    const hash = hashOfToken(token)
    const invalid = invalidData(data, this.#settings)
    if (invalid !== undefined) return errAsync(invalid)
    return hash === undefined ? okAsync(undefined) : this.#gated(() => this.#setData(hash, data))
  }

  rotate(token: string): ResultAsync<StartedSession | undefined, StoreError> {
    const hash = hashOfToken(token)
    return hash === undefined ? okAsync(undefined) : this.#gated(() => this.#rotate(hash))
  }

  revoke(session: string | Pick<Session, 'id'>): ResultAsync<boolean, StoreError> {
    const hash = typeof session === 'string' ? hashOfToken(session) : hashOfId(session)
    return hash === undefined ? okAsync(false) : new ResultAsync(this.#revoke(hash))
  }

  revokeOthers(
    token: string,
  ): ResultAsync<StartedSession | undefined, StoreError | SessionsRevoked> {
    const hash = hashOfToken(token)
    return hash === undefined
      ? okAsync(undefined)
      : this.#gated<StartedSession | undefined, SessionsRevoked>(() => this.#revokeOthers(hash))
  }

  revokeAll(userId: string | number): ResultAsync<number, InvalidInput | StoreError> {
    const invalid = invalidUserId(userId)
    if (invalid !== undefined) return errAsync(invalid)
    return this.#revocations.log
      .write({ user: userName(userId) })
      .andThen((revocation) => this.#apply(revocation))
  }

  async revokeAllWithin(tx: SqlClient, userId: string | number): Promise<PendingRevocation> {
    const invalid = invalidUserId(userId)
    if (invalid !== undefined) throw new FailureError(invalid)
    const revocation = await this.#revocations.log.writeWithin(tx, { user: userName(userId) })
    return { apply: () => this.#apply(revocation) }
  }

  list(
    userId: string | number,
    options?: Abortable,
  ): ResultAsync<Session[], InvalidInput | StoreError> {
    const invalid = invalidUserId(userId)
    if (invalid !== undefined) return errAsync(invalid)
    return unlessAborted(options, asked('list sessions'), () =>
      this.#gated(() => this.#stored.list(userId)),
    )
  }

  /**
   * Hands out a session's token only when nothing was revoked since it was entered, or since
   * `epoch` began.
   */
  async #begin(
    session: SessionToBegin,
    epoch?: string,
  ): Promise<Outcome<StartedSession, SessionsRevoked>> {
    const begun = await this.#stored.begin(session)
    if (begun.isErr()) return err(begun.error)
    const isConfirmed = await this.#stored.confirm({
      ...begun.value,
      epoch: epoch ?? begun.value.epoch,
    })
    if (isConfirmed.isErr()) return err(isConfirmed.error)
    if (!isConfirmed.value) {
      await this.#stored.discard(begun.value)
      return err(sessionsRevoked)
    }
    const { maxPerUser } = this.#settings
    if (begun.value.siblings > maxPerUser) await this.#stored.keepNewest(session.userId, maxPerUser)
    return ok(startedSession(begun.value))
  }

  async #setData(hash: string, data: Json): Promise<Outcome<Session | undefined>> {
    const text = await this.#stored.read(hash)
    if (text.isErr()) return err(text.error)
    const before = decodeSession(hash, text.value)
    if (before === undefined) return ok(undefined)
    return this.#stored.setPayload(hash, { userId: before.userId, data })
  }

  /**
   * Ends all sessions and begins this one again. It is claimed in between: only a caller that ended
   * it itself may continue it, and only when no other revocation came between its epoch and the one
   * that begins now, or after that.
   */
  async #revokeOthers(hash: string): Promise<Outcome<StartedSession | undefined, SessionsRevoked>> {
    const read = await this.#stored.read(hash)
    if (read.isErr()) return err(read.error)
    const known = decodeSession(hash, read.value)
    if (known === undefined) return ok(undefined)
    const written = await this.#revocations.log.write({ user: userName(known.userId) })
    if (written.isErr()) return err(written.error)
    const claimed = await this.#stored.claim(known)
    const applied = await this.#applied(written.value)
    if (claimed.isErr()) return err(claimed.error)
    if (applied.isErr()) return err(applied.error)
    const { text, epoch: ended } = claimed.value
    const session = decodeSession(hash, text)
    if (session === undefined || ended === undefined) return ok(undefined)
    const epoch = applied.value.applied[0]?.epoch ?? ''
    if (Number(epoch) !== Number(ended) + 1) return err(sessionsRevoked)
    const { userId, data } = session
    return this.#begin({ userId, data, times: decodeTimes(text ?? '') }, epoch)
  }

  /** Every request takes this path: {@link RevocationGate.whileOpen} without its generality. */
  async #get(hash: string): Promise<Outcome<Session | undefined>> {
    if (this.#gate.isOpen) {
      const { losses } = this.#gate
      const text = await this.#stored.read(hash)
      if (text.isErr()) return err(text.error)
      if (losses === this.#gate.losses) return ok(decodeSession(hash, text.value))
    }
    const text = await this.#gate.whileOpen(() => this.#stored.read(hash))
    return text.map((found) => decodeSession(hash, found))
  }

  /**
   * Hands out the new token only after the old one has ended, and only when nothing was revoked.
   */
  async #rotate(hash: string): Promise<Outcome<StartedSession | undefined>> {
    const text = await this.#stored.read(hash)
    if (text.isErr()) return err(text.error)
    const before = decodeSession(hash, text.value)
    if (before === undefined) return ok(undefined)
    const { userId, data } = before
    const times = decodeTimes(text.value ?? '')
    const begun = await this.#stored.begin({ userId, data, times, continues: hash })
    if (begun.isErr()) return err(begun.error)
    const isExchanged = await this.#exchange(before, begun.value)
    if (isExchanged.isOk() && isExchanged.value) {
      void this.#stored.leave(before)
      return ok(startedSession(begun.value))
    }
    await this.#stored.discard(begun.value)
    return isExchanged.map(() => undefined)
  }

  async #exchange(before: Session, begun: BegunSession): Promise<Outcome<boolean>> {
    if (begun.epoch === undefined) return ok(false)
    const written = await this.#revocations.log.write({ session: before.id, isApplied: true })
    return written.isErr() ? err(written.error) : this.#stored.exchange(before, begun)
  }

  /** A revocation that cannot be applied is written all the same: it holds once Redis answers. */
  async #revoke(hash: string): Promise<Outcome<boolean>> {
    const read = await this.#stored.read(hash)
    const before = read.map((text) => decodeSession(hash, text))
    if (before.isOk() && before.value === undefined) return ok(false)
    const written = await this.#revocations.log.write({ session: hash, isApplied: false })
    if (written.isErr()) return err(written.error)
    const applied = await this.#apply(written.value)
    if (before.isErr()) return err(before.error)
    if (applied.isErr()) return err(applied.error)
    await this.#stored.leave({ id: hash, userId: before.value?.userId ?? '' })
    // None ended: it was rotated in the meantime and continues under another token.
    return ok(applied.value > 0)
  }

  #apply(revocation: Revocation): ResultAsync<number, StoreError> {
    return this.#applied(revocation).map(({ count }) => count)
  }

  #applied(revocation: Revocation): ResultAsync<AppliedRevocations, StoreError> {
    return new ResultAsync(this.#revocations.apply([revocation]))
      .andTee(({ count }) => {
        if (count > 0) this.#diagnostics.emit('session:revoked', { count })
      })
      .orTee(() => {
        this.#gate.close()
      })
  }

  #gated<T, E = never>(ask: () => PromiseLike<Outcome<T, E>>): ResultAsync<T, StoreError | E> {
    return new ResultAsync(this.#gate.whileOpen(ask))
  }
}

const sessionsRevoked: SessionsRevoked = {
  type: 'sessions-revoked',
  message: 'all sessions of the user were revoked while this one began',
  retryable: true,
}

function asked(operation: string): NamedOperation {
  return { store: 'redis', operation }
}

function startedSession({ token, expiresAt }: BegunSession): StartedSession {
  return { token, expiresAt }
}

function hashOfId({ id }: Pick<Session, 'id'>): string | undefined {
  return /^[0-9a-f]{64}$/.test(id) ? id : undefined
}
