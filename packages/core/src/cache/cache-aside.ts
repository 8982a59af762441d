import { setTimeout } from 'node:timers/promises'
import { isOutage } from '../is-outage.ts'
import { err, ok, Result, ResultAsync } from '../result.ts'
import type { Stores } from '../connect/stores.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import { type Batch, BatchGet, maxKeys } from './batch-get.ts'
import type { Cache, CacheOptions, CacheReadError, cacheDefaults, ReadOptions } from './cache.ts'
import { cacheKey, type CacheKey } from '../cache-key.ts'
import { digits, expiryOf, isAbsentRow, nonceOf } from './entry.ts'
import type { Outcome } from './flight.ts'
import type { SeenValue } from './lease.ts'
import { Loader, type LoadResult, type Row } from './loader.ts'
import {
  gateClosed,
  isExpired,
  isPass,
  judge,
  keepMeanwhile,
  type Look,
  type Pass,
  valueSeen,
} from './look.ts'
import { NextLoad } from './next-load.ts'
import { ParseMemo } from './parse-memo.ts'
import { LeasedLoad } from './leased-load.ts'

/** Options with every default filled in and every rule checked. */
export type CheckedOptions<Id, Value> = CacheOptions<Id, Value> &
  Required<Pick<CacheOptions<Id, Value>, keyof typeof cacheDefaults>> & {
    /** The texts of an id's tags. */
    readonly tagsOf: (id: Id) => readonly string[]
  }

type ReadResult<Value> = Result<Value | undefined, CacheReadError>

/** How long a source that failed is left alone while expired values can answer, in milliseconds. */
const sourceRestMs = 1_000
const longestPauseMs = 50
const noSlots: readonly number[] = []
/** What no host's value can be. */
const noAnswer: unique symbol = Symbol('no answer')

/**
 * The read path: look (a share of one `MGET`), and where that does not answer: lease, load and
 * fill.
 */
export class CacheAside<Id, Value> implements Cache<Id, Value> {
  readonly name: string
  readonly #stores: Stores
  readonly #options: CheckedOptions<Id, Value>
  readonly #loader: Loader<Id, Value>
  readonly #leasedLoad: LeasedLoad<Id, Value>
  readonly #batches: BatchGet
  readonly #parsed: ParseMemo
  readonly #plainPrefix: string
  readonly #passing = new NextLoad<LoadResult<Value>>()
  #isSourceSuspect = false
  #sourceRestsUntil = 0

  constructor(stores: Stores, options: CheckedOptions<Id, Value>) {
    this.name = options.name
    this.#stores = stores
    this.#options = options
    this.#loader = new Loader({
      cache: options.name,
      load: options.load,
      codec: options.codec,
      sql: stores.postgres.client,
    })
    this.#leasedLoad = new LeasedLoad(stores, options, this.#loader)
    this.#batches = new BatchGet(stores)
    this.#parsed = new ParseMemo(options.maxParsedLength)
    this.#plainPrefix = `${stores.redis.keyPrefix}${options.name}:`
  }

  key(id: Id): CacheKey {
    return cacheKey(this.name, ...(this.#options.key?.(id) ?? [String(id)]))
  }

  get(id: Id, options?: ReadOptions): ResultAsync<Value | undefined, CacheReadError> {
    if (options?.tx !== undefined)
      return new ResultAsync(this.#readInside(options.tx, [this.#rowOf(id)])).map((values) =>
        values.get(id),
      )
    return new ResultAsync(this.#read(this.#rowOf(id)))
  }

  getMany(ids: readonly Id[], options?: ReadOptions): ResultAsync<Map<Id, Value>, CacheReadError> {
    const rows = ids.map((id) => this.#rowOf(id))
    return new ResultAsync(
      options?.tx === undefined
        ? this.#readMany(rows)
        : this.#readInside(options.tx, distinct(rows)),
    )
  }

  refresh(id: Id): ResultAsync<Value | undefined, CacheReadError> {
    return new ResultAsync(this.#refresh(this.#rowOf(id)))
  }

  #read(row: Row<Id>): Promise<ReadResult<Value>> {
    if (!this.#mayLook) return this.#resolve(row, gateClosed)
    const { batch } = this.#batches
    const slot = batch.slotOf(row.key)
    const tagSlots = this.#tagSlots(batch, row)
    return batch.reply.then((reply) => this.#settle(row, judge(reply, slot, tagSlots)))
  }

  #settle(row: Row<Id>, look: Look): ReadResult<Value> | Promise<ReadResult<Value>> {
    const value = this.#answer(row, look)
    if (value === noAnswer) return this.#resolve(row, look)
    this.#countHits(1)
    return ok(value)
  }

  async #readMany(rows: readonly Row<Id>[]): Promise<Result<Map<Id, Value>, CacheReadError>> {
    const looks = this.#mayLook ? await this.#lookMany(rows) : []
    const values: (Value | undefined)[] = []
    const missing: number[] = []
    for (let index = 0; index < rows.length; index += 1) {
      const value = this.#answer(rows[index] as Row<Id>, looks[index] ?? gateClosed)
      if (value === noAnswer) missing.push(index)
      values.push(value === noAnswer ? undefined : value)
    }
    this.#countHits(rows.length - missing.length)
    const resolved = await Promise.all(
      missing.map((index) => this.#resolve(rows[index] as Row<Id>, looks[index] ?? gateClosed)),
    )
    for (const [at, result] of resolved.entries()) {
      if (result.isErr()) return err(result.error)
      values[missing[at] as number] = result.value
    }
    return ok(collect(rows, values))
  }

  async #readInside(
    tx: SqlClient,
    rows: readonly Row<Id>[],
  ): Promise<Result<Map<Id, Value>, CacheReadError>> {
    if (rows.length === 0) return ok(new Map<Id, Value>())
    const results = await this.#loader.loadThrough(tx, rows)
    return Result.combine(results).map((loaded) =>
      collect(
        rows,
        loaded.map(({ value }) => value),
      ),
    )
  }

  async #refresh(row: Row<Id>): Promise<ReadResult<Value>> {
    const look = await this.#look(row)
    if (isPass(look)) return this.#passBy(row, look.reason)
    const seen =
      typeof look !== 'string' && look.kind === 'miss'
        ? look.seen
        : this.#keep(valueSeen(look) as string)
    const outcome = await this.#leasedLoad.join(row, seen)
    return outcome.kind === 'loaded' ? valueOf(outcome.result) : this.#passBy(row, 'refresh')
  }

  get #mayLook(): boolean {
    return this.#stores.invalidation.isOpen && this.#stores.redis.isAvailable
  }

  async #look(row: Row<Id>): Promise<Look> {
    if (!this.#mayLook) return gateClosed
    const [look] = await this.#lookTogether([row])
    return look ?? gateClosed
  }

  async #lookMany(rows: readonly Row<Id>[]): Promise<readonly Look[]> {
    const shares: Promise<readonly Look[]>[] = []
    for (let from = 0; from < rows.length; from += maxKeys)
      shares.push(this.#lookTogether(rows.slice(from, from + maxKeys)))
    const looks = await Promise.all(shares)
    return looks.length === 1 ? (looks[0] as readonly Look[]) : looks.flat()
  }

  #lookTogether(rows: readonly Row<Id>[]): Promise<readonly Look[]> {
    const { batch } = this.#batches
    const slots = batch.slotsOf(rows.map(({ key }) => key))
    const tagSlots =
      this.#options.tags === undefined ? [] : rows.map((row) => this.#tagSlots(batch, row))
    return batch.reply.then((reply) =>
      slots.map((slot, index) => judge(reply, slot, tagSlots[index] ?? noSlots)),
    )
  }

  #tagSlots(batch: Batch, { id }: Row<Id>): readonly number[] {
    if (this.#options.tags === undefined) return noSlots
    const { keyPrefix } = this.#stores.redis
    return this.#options.tagsOf(id).map((tag) => batch.slotOf(keyPrefix + tag))
  }

  /**
   * The value that a look found, `undefined` for an absent row; {@link noAnswer} when there is none
   * that may answer, or that can be read.
   */
  #answer(row: Row<Id>, look: Look): Value | undefined | typeof noAnswer {
    if (typeof look === 'string') return this.#decode(row, look)
    if (look.kind !== 'stale' || !look.isAlive) return noAnswer
    const value = this.#decode(row, look.raw)
    if (value !== noAnswer) this.#leasedLoad.begin(row, this.#keep(look.raw))
    return value
  }

  #decode({ key }: Row<Id>, raw: string): Value | undefined | typeof noAnswer {
    try {
      return isAbsentRow(raw) ? undefined : this.#loader.decode(this.#parsed.read(key, raw))
    } catch (error) {
      this.#stores.diagnostics.emit('cache:entry-rejected', {
        cache: this.name,
        reason: `unreadable: ${String(error)}`,
      })
      return noAnswer
    }
  }

  async #resolve(row: Row<Id>, look: Look): Promise<ReadResult<Value>> {
    this.#countMiss(look)
    const result = await this.#obtain(row, look)
    if (result.isOk() || !isOutage(result.error)) {
      this.#isSourceSuspect = false
      return result
    }
    return this.#options.graceMs === 0 ? result : this.#answerFromGrace(row, result)
  }

  async #obtain(row: Row<Id>, first: Look): Promise<ReadResult<Value>> {
    const { clock } = this.#stores
    const startedAt = clock.monotonic()
    let look = first
    for (let turns = 1; ; turns += 1) {
      if (isPass(look)) return this.#passBy(row, look.reason)
      const value = turns === 1 ? noAnswer : this.#answer(row, look)
      if (value !== noAnswer) return this.#waited(startedAt, ok(value))
      if (isExpired(look) && !this.#mayTrySource())
        return this.#answerStale(row, look.raw) ?? this.#passBy(row, 'unreadable')
      const outcome = await this.#join(row, look)
      if (outcome.kind === 'loaded') return valueOf(outcome.result)
      if (outcome.kind === 'pass') return this.#passBy(row, outcome.reason)
      if (clock.monotonic() - startedAt >= this.#options.waitMs)
        return this.#waited(startedAt, await this.#passBy(row, 'waited'))
      await setTimeout(Math.min(longestPauseMs, 2 ** turns) * (0.5 + Math.random() / 2))
      look = await this.#look(row)
    }
  }

  #join(row: Row<Id>, look: Exclude<Look, Pass>): Promise<Outcome<Value>> | Outcome<Value> {
    // A value that is alive and yet did not answer cannot be read.
    if (typeof look === 'string') return this.#leasedLoad.join(row, { nonce: nonceOf(look) })
    if (look.kind === 'miss') return this.#leasedLoad.join(row, look.seen)
    if (look.isAlive) return this.#leasedLoad.join(row, { nonce: nonceOf(look.raw) })
    return look.isClaimed ? { kind: 'again' } : this.#leasedLoad.join(row, this.#keep(look.raw))
  }

  #keep(raw: string): SeenValue {
    return keepMeanwhile(raw, digits(this.#stores.clock.now() + this.#options.leaseMs))
  }

  /** Loads without the cache: everybody gets a load that began after they asked. */
  async #passBy(row: Row<Id>, reason: string): Promise<ReadResult<Value>> {
    const { diagnostics } = this.#stores
    if (diagnostics.isHeard('cache:bypass'))
      diagnostics.emit('cache:bypass', { cache: this.name, reason })
    const loaded = await this.#passing.join(row.key, () => this.#loader.load(row))
    return valueOf(loaded.andThen((row) => this.#loader.copy(row)))
  }

  async #answerFromGrace(row: Row<Id>, failed: ReadResult<Value>): Promise<ReadResult<Value>> {
    this.#isSourceSuspect = true
    this.#sourceRestsUntil = this.#stores.clock.monotonic() + sourceRestMs
    // Looked at again: a writer may have come since, and a held key must not answer.
    const look = await this.#look(row)
    const raw = valueSeen(look)
    return (raw === undefined ? undefined : this.#answerStale(row, raw)) ?? failed
  }

  #answerStale(row: Row<Id>, raw: string): ReadResult<Value> | undefined {
    const value = this.#decode(row, raw)
    if (value === noAnswer) return undefined
    this.#stores.diagnostics.emit('cache:stale-served', {
      cache: this.name,
      ageMs: this.#stores.clock.now() - expiryOf(raw) + this.#options.ttlMs,
    })
    return ok(value)
  }

  /**
   * While the source fails one read a second tries it; the others are answered by what has expired.
   */
  #mayTrySource(): boolean {
    if (!this.#isSourceSuspect) return true
    const now = this.#stores.clock.monotonic()
    if (now < this.#sourceRestsUntil) return false
    this.#sourceRestsUntil = now + sourceRestMs
    return true
  }

  /** Whole numbers, which most ids are, need no encoding. */
  #rowOf(id: Id): Row<Id> {
    const isPlain = this.#options.key === undefined && Number.isSafeInteger(id)
    return {
      id,
      key: isPlain
        ? this.#plainPrefix + String(id)
        : this.#stores.redis.keyPrefix + this.key(id).text,
    }
  }

  #waited(startedAt: number, result: ReadResult<Value>): ReadResult<Value> {
    const { diagnostics, clock } = this.#stores
    diagnostics.emit('cache:wait', { cache: this.name, durationMs: clock.monotonic() - startedAt })
    return result
  }

  #countHits(count: number): void {
    const { diagnostics } = this.#stores
    if (count > 0 && diagnostics.isHeard('cache:hit'))
      diagnostics.emit('cache:hit', { cache: this.name, count })
  }

  #countMiss(look: Look): void {
    const { diagnostics } = this.#stores
    if (isPass(look)) return
    diagnostics.emit('cache:miss', { cache: this.name, count: 1 })
    if (typeof look !== 'string' && look.kind === 'miss' && look.reason === 'foreign')
      diagnostics.emit('cache:entry-rejected', { cache: this.name, reason: 'not an entry' })
  }
}

function valueOf<Value>(loaded: LoadResult<Value>): ReadResult<Value> {
  return loaded.map(({ value }) => value)
}

function collect<Id, Value>(
  rows: readonly Row<Id>[],
  values: readonly (Value | undefined)[],
): Map<Id, Value> {
  const found = new Map<Id, Value>()
  for (let index = 0; index < rows.length; index += 1) {
    const value = values[index]
    if (value !== undefined) found.set((rows[index] as Row<Id>).id, value)
  }
  return found
}

function distinct<Id>(rows: readonly Row<Id>[]): readonly Row<Id>[] {
  const seen = new Set<string>()
  return rows.filter(({ key }) => !seen.has(key) && seen.add(key))
}
