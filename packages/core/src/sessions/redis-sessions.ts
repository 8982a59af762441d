import type { InvalidInput, StoreError } from '../errors.ts'
import { err, errAsync, ok, okAsync, type Result, ResultAsync } from '../result.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import { RevocationGate } from './revocation-gate.ts'
import type { Revocation } from './revocation-log.ts'
import { Revocations } from './revocations.ts'
import { invalidSession } from './new-session.ts'
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
import { type BegunSession, StoredSessions } from './stored-sessions.ts'

type Outcome<T, E = never> = Result<T, StoreError | E>

/** Sessions in Redis, behind a gate that opens once every revocation holds there. */
export class RedisSessions implements Sessions {
  readonly #stored: StoredSessions
  readonly #revocations: Revocations
  readonly #gate: RevocationGate

  constructor(stores: SessionStores, settings: Required<SessionOptions>) {
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

  create({
    userId,
    data = null,
  }: NewSession): ResultAsync<StartedSession, InvalidInput | StoreError | SessionsRevoked> {
    const invalid = invalidSession({ userId, data })
    if (invalid !== undefined) return errAsync(invalid)
    return this.#gated<StartedSession, SessionsRevoked>(async () => {
      const begun = await this.#stored.begin({ userId, data })
      if (begun.isErr()) return err(begun.error)
      const isConfirmed = await this.#stored.confirm(begun.value)
      if (isConfirmed.isErr()) return err(isConfirmed.error)
      if (isConfirmed.value) return ok(startedSession(begun.value))
      await this.#stored.discard(begun.value)
      return err({
        type: 'sessions-revoked',
        message: 'all sessions of the user were revoked while this one began',
        retryable: true,
      })
    })
  }

  get(token: string): ResultAsync<Session | undefined, StoreError> {
    const hash = hashOfToken(token)
    return hash === undefined ? okAsync(undefined) : new ResultAsync(this.#get(hash))
  }

  touch(token: string): ResultAsync<Session | undefined, StoreError> {
    const hash = hashOfToken(token)
    return hash === undefined ? okAsync(undefined) : this.#gated(() => this.#stored.touch(hash))
  }

  rotate(token: string): ResultAsync<StartedSession | undefined, StoreError> {
    const hash = hashOfToken(token)
    return hash === undefined ? okAsync(undefined) : this.#gated(() => this.#rotate(hash))
  }

  revoke(session: string | Pick<Session, 'id'>): ResultAsync<boolean, StoreError> {
    const hash = typeof session === 'string' ? hashOfToken(session) : hashOfId(session)
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
    return this.#gated(() => this.#stored.list(userId))
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
    const times = decodeTimes(text.value ?? '')
    const begun = await this.#stored.begin(before, { hash, times })
    if (begun.isErr()) return err(begun.error)
    const isExchanged = await this.#exchange(before, begun.value)
    if (isExchanged.isOk() && isExchanged.value) return ok(startedSession(begun.value))
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
    return new ResultAsync(this.#revocations.apply([revocation])).orTee(() => {
      this.#gate.close()
    })
  }

  #gated<T, E = never>(ask: () => PromiseLike<Outcome<T, E>>): ResultAsync<T, StoreError | E> {
    return new ResultAsync(this.#gate.whileOpen(ask))
  }
}

function startedSession({ token, expiresAt }: BegunSession): StartedSession {
  return { token, expiresAt }
}

function hashOfId({ id }: Pick<Session, 'id'>): string | undefined {
  return /^[0-9a-f]{64}$/.test(id) ? id : undefined
}
