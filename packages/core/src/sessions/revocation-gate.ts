import type { Stores } from '../connect/stores.ts'
import type { StoreError } from '../errors.ts'
import { err, type Result } from '../result.ts'
import { redisUnavailable } from '../stores/redis/redis-failure.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import type { Revocations } from './revocations.ts'
import { appliedKey } from './session-keys.ts'

/** Dependencies of a {@link RevocationGate}. */
export interface GateDeps {
  /** The stores. */
  readonly stores: Pick<Stores, 'redis' | 'diagnostics' | 'clock'>
  /** The revocations that must hold before sessions answer. */
  readonly revocations: Pick<Revocations, 'reapply' | 'purge'>
  /** Time between two looks for revocations that other processes could not apply, in ms. */
  readonly lookEveryMs: number
}

const purgeEveryMs = 3_600_000
/** The first purge comes soon: a process may not live for an hour. */
const firstPurgeMs = 60_000

/** An answer is asked for again this often when trust in Redis was lost under way. */
const maxAttempts = 3

/**
 * Open while every revocation is known to hold on the connected Redis. Closed at the start, after
 * Redis was lost, and after this process could not apply a revocation. It opens once the
 * revocations that Redis may have missed are applied: all of them on another server than before,
 * which may hold an older state, and otherwise those that are not noted as applied.
 */
export class RevocationGate {
  readonly #deps: GateDeps
  readonly #unsubscribe: () => void
  #isOpen = false
  #isStarted = false
  #isStopped = false
  #losses = 0
  #appliedOn: string | undefined
  #opening: Promise<StoreError | undefined> | undefined
  #looking: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #purgeAtMs = -Infinity

  constructor(deps: GateDeps) {
    this.#deps = deps
    this.#unsubscribe = deps.stores.redis.onTrustLost(() => {
      this.#onTrustLost()
    })
  }

  /** Whether sessions may answer. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Incremented whenever the gate closes: an answer that was asked for before it is void. */
  get losses(): number {
    return this.#losses
  }

  /**
   * Returns only an answer that was asked for and received while the gate was open. Opens the gate
   * first where needed; fails when it cannot be opened.
   */
  async whileOpen<T, E>(
    ask: () => PromiseLike<Result<T, E | StoreError>>,
  ): Promise<Result<T, E | StoreError>> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const closed = this.#isOpen ? undefined : await this.open()
      if (closed !== undefined) return err(closed)
      const losses = this.#losses
      const answer = await ask()
      if (losses === this.#losses || answer.isErr()) return answer
    }
    return err(redisUnavailable('sessions', `the connection was lost ${maxAttempts} times`))
  }

  /** Closes the gate. */
  close(): void {
    this.#losses += 1
    this.#isOpen = false
    this.#lookIn(0)
  }

  /** Opens the gate, or returns why it stays closed. Concurrent callers share one attempt. */
  open(): Promise<StoreError | undefined> {
    this.#isStarted = true
    this.#opening ??= this.#attempt().finally(() => {
      this.#opening = undefined
      this.#lookIn(this.#deps.lookEveryMs)
    })
    return this.#opening
  }

  /** Ends the timer, and waits for a look that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#unsubscribe()
    clearTimeout(this.#timer)
    await Promise.all([this.#opening, this.#looking])
  }

  /**
   * A late command alone does not close the gate, since nothing was lost. It may have kept another
   * process from applying a revocation, hence the look.
   */
  #onTrustLost(): void {
    const { redis } = this.#deps.stores
    if (!redis.isAvailable || redis.runId === undefined) this.close()
    else this.#lookIn(0)
  }

  async #attempt(): Promise<StoreError | undefined> {
    const {
      stores: { redis, diagnostics },
      revocations,
    } = this.#deps
    if (!redis.isAvailable) return redisUnavailable('sessions', 'not connected')
    const [losses, runId] = [this.#losses, redis.runId]
    const scope = (await this.#isUpToDate(redis, runId)) ? 'pending' : 'all'
    const applied = await revocations.reapply(scope)
    if (applied.isErr()) return applied.error
    if (losses !== this.#losses)
      return redisUnavailable('sessions', 'the connection was lost while revocations were applied')
    this.#isOpen = true
    this.#appliedOn = runId
    diagnostics.emit('session:reapplied', { scope, count: applied.value })
    // Spares a process that starts later the same work; without this note it does it.
    if (scope === 'all' && runId !== undefined)
      await redis
        .run('note applied', (client) => client.set(appliedKey(redis), runId))
        .unwrapOr(undefined)
    return undefined
  }

  /** The note of another process counts only for a process that has known no other server. */
  async #isUpToDate(redis: RedisStore, runId: string | undefined): Promise<boolean> {
    if (runId === undefined || this.#appliedOn !== undefined)
      return runId !== undefined && runId === this.#appliedOn
    const noted = await redis.run('read applied', (client) => client.get(appliedKey(redis)))
    return noted.isOk() && noted.value === runId
  }

  #lookIn(ms: number): void {
    if (this.#isStopped || !this.#isStarted) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined
        this.#lookIn(this.#deps.lookEveryMs)
      })
    }, ms)
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    const {
      revocations,
      stores: { redis, diagnostics, clock },
    } = this.#deps
    if (!redis.isAvailable) return
    if (!this.#isOpen) return void (await this.open())
    const applied = await revocations.reapply('overdue')
    if (applied.isErr()) diagnostics.emit('session:revocation-failed', { error: applied.error })
    if (clock.monotonic() < this.#purgeAtMs) return
    const isFirst = this.#purgeAtMs === -Infinity
    this.#purgeAtMs = clock.monotonic() + (isFirst ? firstPurgeMs : purgeEveryMs)
    await revocations.purge()
  }
}
