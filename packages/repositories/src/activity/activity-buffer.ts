import type { ResultAsync, SqlError, StoreError, Stores } from '@headwater/core'
import type { ActivityEntry } from './activity-entry.ts'
import type { SpilledEntry } from './activity-spill.ts'
import type { RejectedDocument } from './bulk-write.ts'

/**
 * How activity is buffered.
 */
export interface ActivityBufferOptions {
  /**
   * How many entries the process holds at most; further ones are dropped and reported as `activity:dropped`.
   *
   * @defaultValue `10_000`
   */
  readonly maxBuffered?: number
  /**
   * How many entries are written at once; reaching it starts a flush.
   *
   * @defaultValue `500`
   */
  readonly batchSize?: number
  /**
   * How long an entry waits at most for others, in milliseconds.
   *
   * @defaultValue `500`
   */
  readonly flushIntervalMs?: number
  /**
   * How soon MongoDB is tried again after it failed, in milliseconds; doubles with each failure, up to 32 times.
   *
   * @defaultValue `1_000`
   */
  readonly retryMs?: number
}

/**
 * The defaults of {@link ActivityBufferOptions}.
 */
export const activityBufferDefaults = {
  maxBuffered: 10_000,
  batchSize: 500,
  flushIntervalMs: 500,
  retryMs: 1_000,
} as const satisfies Required<ActivityBufferOptions>

/**
 * Where a buffer writes.
 */
export interface ActivityDestinations {
  /** MongoDB. */
  readonly log: { write(entries: readonly ActivityEntry[]): ResultAsync<readonly RejectedDocument[], StoreError> }
  /** PostgreSQL. */
  readonly spill: {
    append(entries: readonly ActivityEntry[]): ResultAsync<boolean, SqlError>
    oldest(limit: number): ResultAsync<readonly SpilledEntry[], SqlError>
    remove(entries: readonly SpilledEntry[]): ResultAsync<unknown, SqlError>
  }
}

/**
 * `draining`: entries may wait in PostgreSQL, of this process or of one before it, and go first. `direct`: none do. `waiting`: MongoDB
 * failed, and entries go to PostgreSQL until it is tried again.
 */
type State = { readonly kind: 'draining' } | { readonly kind: 'direct' } | { readonly kind: 'waiting'; readonly until: number }

/**
 * Takes entries at once and writes them to MongoDB in batches, in order; while MongoDB is down or too slow, to PostgreSQL, and from there to
 * MongoDB when it is back. Holds a bounded number of entries, and reports what it has to drop.
 */
export class ActivityBuffer {
  readonly #stores: Stores
  readonly #to: ActivityDestinations
  readonly #options: Required<ActivityBufferOptions>
  #entries: ActivityEntry[] = []
  #state: State = { kind: 'draining' }
  #failures = 0
  #lastWriteMs = 0
  #isClosed = false
  #flushing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #dueAt = Number.POSITIVE_INFINITY

  constructor(stores: Stores, to: ActivityDestinations, options: ActivityBufferOptions = {}) {
    this.#stores = stores
    this.#to = to
    this.#options = { ...activityBufferDefaults, ...options }
  }

  /**
   * Takes an entry; never waits and never fails.
   */
  add(entry: ActivityEntry): void {
    if (this.#isClosed) return this.#dropped(1, 'closed')
    if (this.#entries.length >= this.#options.maxBuffered) return this.#dropped(1, 'buffer-full')
    this.#entries.push(entry)
    if (this.#entries.length % this.#options.batchSize === 0) void this.flush()
    else this.#schedule(this.#options.flushIntervalMs)
  }

  /**
   * Writes what was taken before the call, as far as MongoDB or PostgreSQL take it. Never rejects.
   */
  async flush(): Promise<void> {
    await this.#flushing
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = undefined
      this.#scheduleNext()
    })
    await this.#flushing
  }

  /**
   * Takes no more, and writes what there is within the deadline; the rest is reported as dropped.
   */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosed = true
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<void>((resolve) => { timer = setTimeout(resolve, deadlineMs) })
    await Promise.race([this.flush(), deadline])
    clearTimeout(timer)
    this.#unschedule()
    if (this.#entries.length > 0) this.#dropped(this.#entries.splice(0).length, 'closed')
  }

  async #flushAll(): Promise<void> {
    this.#unschedule()
    await this.#drain()
    while (this.#entries.length > 0) {
      const batch = this.#entries.slice(0, this.#options.batchSize)
      if (!(await this.#write(batch)) && !(await this.#spill(batch))) break
      this.#entries.splice(0, batch.length)
    }
  }

  async #drain(): Promise<void> {
    if (this.#state.kind === 'direct' || (this.#state.kind === 'waiting' && this.#now < this.#state.until)) return
    for (;;) {
      const spilled = await this.#to.spill.oldest(this.#options.batchSize)
      // With PostgreSQL down, what is new goes to MongoDB all the same.
      if (spilled.isErr()) return this.#enter('draining')
      if (spilled.value.length === 0) return this.#enter('direct')
      if (!(await this.#writeBatch(spilled.value.map(({ entry }) => entry), 'drained'))) return
      if ((await this.#to.spill.remove(spilled.value)).isErr()) return this.#enter('draining')
    }
  }

  async #write(batch: readonly ActivityEntry[]): Promise<boolean> {
    // What comes after a spilled batch is spilled as well: order is kept.
    if (this.#isOverwhelmed) this.#state = { kind: 'waiting', until: this.#now }
    if (this.#state.kind === 'waiting') return false
    return this.#writeBatch(batch, 'ok')
  }

  async #writeBatch(batch: readonly ActivityEntry[], outcome: string): Promise<boolean> {
    const startedAt = this.#now
    const written = await this.#to.log.write(batch)
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
    this.#state = { kind: 'waiting', until: this.#now + this.#options.retryMs * 2 ** Math.min(this.#failures, 5) }
    this.#failures += 1
  }

  #enter(kind: 'draining' | 'direct'): void {
    this.#state = { kind }
  }

  get #isOverwhelmed(): boolean {
    return this.#lastWriteMs > this.#options.flushIntervalMs && this.#entries.length > this.#options.maxBuffered / 2
  }

  get #now(): number {
    return this.#stores.clock.monotonic()
  }

  #scheduleNext(): void {
    if (this.#state.kind === 'waiting') this.#schedule(Math.max(this.#state.until - this.#now, 1))
    else if (this.#state.kind === 'draining' || this.#entries.length > 0) this.#schedule(this.#options.retryMs)
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
    this.#stores.diagnostics.emit('activity:flush', { count, durationMs: this.#now - startedAt, outcome })
  }

  #dropped(count: number, reason: string): void {
    this.#stores.diagnostics.emit('activity:dropped', { count, reason })
  }
}
