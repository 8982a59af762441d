import {
  type CallOptions,
  type ResultAsync,
  type SqlError,
  type StoreError,
  type Stores,
  within,
} from '@headwater/core'
import type { ActivityEntry } from './activity-entry.ts'
import { readabilityOf } from './spilled-entry.ts'
import type { SpilledEntry, SpillOwner } from './activity-spill.ts'
import { activityBufferDefaults } from './buffer-options.ts'
import type { ActivityBufferOptions } from './buffer-options.ts'
import type { RejectedDocument } from './bulk-write.ts'

/** Time between two looks for entries that other processes have spilled and may have left. */
const adoptEveryMs = 5_000

/** The stores that a buffer needs besides its destinations. */
export type BufferStores = Pick<Stores, 'clock' | 'diagnostics'>

/** The destinations of a buffer. */
export interface ActivityDestinations {
  /** MongoDB. */
  readonly log: {
    write(
      entries: readonly ActivityEntry[],
      options?: CallOptions,
    ): ResultAsync<readonly RejectedDocument[], StoreError>
  }
  /** PostgreSQL. */
  readonly spill: {
    append(entries: readonly ActivityEntry[]): ResultAsync<boolean, SqlError>
    oldest(owner: SpillOwner, limit: number): ResultAsync<readonly SpilledEntry[], SqlError>
    remove(entries: readonly SpilledEntry[]): ResultAsync<unknown, SqlError>
  }
}

/**
 * `direct`: no entry of this process waits in PostgreSQL. `waiting`: MongoDB failed, and entries go
 * to PostgreSQL until it is tried again. `draining`: MongoDB may be back, and the entries in
 * PostgreSQL are written first.
 */
type State =
  | { readonly kind: 'direct' }
  | { readonly kind: 'waiting'; readonly untilAt: number }
  | { readonly kind: 'draining' }

/**
 * Accepts entries at once and writes them to MongoDB in batches, in order. While MongoDB is down or
 * too slow it writes them to PostgreSQL, and from there to MongoDB once that is back. Holds a
 * bounded number of entries, and reports those that it drops.
 */
export class ActivityBuffer {
  readonly #stores: BufferStores
  readonly #to: ActivityDestinations
  readonly #options: Required<ActivityBufferOptions>
  readonly #maxBuffered: number
  readonly #batchSize: number
  readonly #impatience = new AbortController()
  #entries: ActivityEntry[] = []
  #state: State = { kind: 'direct' }
  #failures = 0
  #lastWriteMs = 0
  #adoptAt = 0
  #isFlushDue = false
  #isClosed = false
  #flushing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #dueAt = Number.POSITIVE_INFINITY

  constructor(stores: BufferStores, to: ActivityDestinations, options: ActivityBufferOptions = {}) {
    this.#stores = stores
    this.#to = to
    this.#options = { ...activityBufferDefaults, ...options }
    this.#maxBuffered = this.#options.maxBuffered
    this.#batchSize = this.#options.batchSize
  }

  /** Entries that wait here. */
  get length(): number {
    return this.#entries.length
  }

  /** Accepts an entry; never waits and never fails. */
  add(entry: ActivityEntry): void {
    if (this.#isClosed) return this.#dropped(1, 'closed')
    if (this.#entries.length >= this.#maxBuffered) return this.#dropped(1, 'buffer-full')
    const count = this.#entries.push(entry)
    if (!this.#isFlushDue) this.#scheduleFlush()
    if (count === this.#batchSize && this.#flushing === undefined) this.#schedule(0)
  }

  /** Writes the entries accepted before the call, to MongoDB or PostgreSQL. Never rejects. */
  async flush(): Promise<void> {
    await this.#flushing
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = undefined
      this.#scheduleNext()
    })
    await this.#flushing
  }

  /**
   * Accepts no further entry and writes the rest within the deadline: MongoDB has half of the time,
   * PostgreSQL the rest. Entries that neither took are reported as dropped.
   */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosed = true
    const endsAt = this.#now + deadlineMs
    const written = this.flush()
    await within(written, deadlineMs / 2, () => {
      this.#impatience.abort()
    })
    // A starved process may have no time left: what is not written is reported at once.
    const leftMs = endsAt - this.#now
    if (leftMs > 0) await within(written, leftMs, () => undefined)
    this.#unschedule()
    if (this.#entries.length > 0) this.#dropped(this.#entries.splice(0).length, 'closed')
  }

  async #flushAll(): Promise<void> {
    this.#unschedule()
    this.#isFlushDue = false
    await this.#drain()
    for (let left = this.#entries.length; left > 0;) {
      const batch = this.#entries.slice(0, Math.min(left, this.#batchSize))
      if (!(await this.#store(batch))) return
      this.#entries.splice(0, batch.length)
      left -= batch.length
    }
    if (this.#state.kind === 'direct' && !this.#isClosed && this.#now >= this.#adoptAt)
      await this.#adopt()
  }

  async #drain(): Promise<void> {
    if (this.#state.kind === 'waiting' && this.#now >= this.#state.untilAt)
      this.#state = { kind: 'draining' }
    // During a long drain new entries are spilled behind the old ones rather than dropped.
    while (this.#state.kind === 'draining' && !this.#isCrowded) {
      const spilled = await this.#to.spill.oldest('own', this.#batchSize)
      if (spilled.isErr()) return
      if (spilled.value.length === 0) this.#state = { kind: 'direct' }
      else if (!(await this.#bringBack(spilled.value))) return
    }
  }

  /**
   * Writes entries that other processes have spilled and may have left. It also removes entries
   * that this process spilled by a statement which seemed to fail: those are in MongoDB already.
   */
  async #adopt(): Promise<void> {
    const spilled = await this.#to.spill.oldest('any', this.#batchSize)
    const isMore =
      spilled.isOk() && spilled.value.length > 0 && (await this.#bringBack(spilled.value))
    this.#adoptAt = isMore ? 0 : this.#now + adoptEveryMs
  }

  /** Entries that nobody can read must not stand in the way of those behind them. */
  async #bringBack(spilled: readonly SpilledEntry[]): Promise<boolean> {
    const known = spilled.filter(({ entry }) => readabilityOf(entry) !== 'unknown')
    const readable = known.filter(({ entry }) => readabilityOf(entry) === 'readable')
    const entries = readable.map(({ entry }) => entry)
    if (known.length === 0) return false
    if (entries.length > 0 && !(await this.#writeBatch(entries, 'drained'))) return false
    if ((await this.#to.spill.remove(known)).isErr()) return false
    if (entries.length < known.length) this.#dropped(known.length - entries.length, 'unreadable')
    return true
  }

  async #store(batch: readonly ActivityEntry[]): Promise<boolean> {
    if ((await this.#write(batch)) || (await this.#spill(batch))) return true
    // PostgreSQL is down and MongoDB perhaps is not: better out of order than lost.
    return (
      this.#state.kind === 'draining' &&
      (this.#isCrowded || this.#isClosed) &&
      this.#writeBatch(batch, 'ok')
    )
  }

  async #write(batch: readonly ActivityEntry[]): Promise<boolean> {
    // Entries after a spilled batch are spilled as well, to keep the order.
    if (this.#isOverwhelmed) this.#state = { kind: 'waiting', untilAt: this.#now }
    return this.#state.kind === 'direct' && this.#writeBatch(batch, 'ok')
  }

  async #writeBatch(batch: readonly ActivityEntry[], outcome: string): Promise<boolean> {
    const startedAt = this.#now
    const written = await this.#to.log.write(batch, { signal: this.#impatience.signal })
    this.#lastWriteMs = this.#now - startedAt
    this.#flushed(batch.length, startedAt, written.isOk() ? outcome : written.error.type)
    if (written.isErr()) {
      this.#waitForMongodb()
      return false
    }
    this.#failures = 0
    if (written.value.length > 0) this.#dropped(written.value.length, 'refused')
    return true
  }

  async #spill(batch: readonly ActivityEntry[]): Promise<boolean> {
    const startedAt = this.#now
    const spilled = await this.#to.spill.append(batch)
    const isSpilled = spilled.isOk() && spilled.value
    this.#flushed(batch.length, startedAt, isSpilled ? 'spilled' : 'not-spilled')
    return isSpilled
  }

  #waitForMongodb(): void {
    this.#state = {
      kind: 'waiting',
      untilAt: this.#now + this.#options.retryMs * 2 ** Math.min(this.#failures, 5),
    }
    this.#failures += 1
  }

  get #isOverwhelmed(): boolean {
    return (
      this.#state.kind === 'direct' &&
      this.#lastWriteMs > this.#options.flushIntervalMs &&
      this.#isCrowded
    )
  }

  get #isCrowded(): boolean {
    return this.#entries.length > this.#maxBuffered / 2
  }

  get #now(): number {
    return this.#stores.clock.monotonic()
  }

  #scheduleFlush(): void {
    this.#isFlushDue = true
    if (this.#flushing === undefined) this.#schedule(this.#options.flushIntervalMs)
  }

  #scheduleNext(): void {
    const { flushIntervalMs, retryMs } = this.#options
    const isHeldBack = this.#state.kind !== 'direct'
    if (this.#entries.length > 0)
      this.#schedule(isHeldBack || this.#entries.length < this.#batchSize ? flushIntervalMs : 0)
    else if (this.#state.kind === 'waiting')
      this.#schedule(Math.max(this.#state.untilAt - this.#now, 1))
    else this.#schedule(isHeldBack ? retryMs : Math.max(this.#adoptAt - this.#now, 1))
  }

  #schedule(afterMs: number): void {
    const dueAt = this.#now + afterMs
    if (this.#isClosed || dueAt >= this.#dueAt) return
    this.#unschedule()
    this.#dueAt = dueAt
    this.#timer = setTimeout(() => void this.flush(), afterMs).unref()
  }

  #unschedule(): void {
    clearTimeout(this.#timer)
    this.#dueAt = Number.POSITIVE_INFINITY
  }

  #flushed(count: number, startedAt: number, outcome: string): void {
    this.#stores.diagnostics.emit('activity:flush', {
      count,
      durationMs: this.#now - startedAt,
      outcome,
    })
  }

  #dropped(count: number, reason: string): void {
    this.#stores.diagnostics.emit('activity:dropped', { count, reason })
  }
}
