import { setTimeout } from 'node:timers/promises'
import { err, ok, type Result, ResultAsync } from '../result.ts'
import type { Stores } from '../stores/stores.ts'
import type { SqlClient } from '../transactions/sql-client.ts'
import { type Batch, BatchGet, type BatchReply } from './batch-get.ts'
import type { Cache, CacheOptions, CacheReadError, cacheDefaults, ReadOptions } from './cache.ts'
import { cacheKey, type CacheKey } from './cache-key.ts'
import { digits, expiryOf, nonceOf } from './entry.ts'
import type { Outcome } from './flight.ts'
import type { SeenValue } from './lease.ts'
import { Loader, type LoadResult, type Row } from './loader.ts'
import { gateClosed, jsonOf, judge, keepMeanwhile, type Look, type Place } from './look.ts'
import { NextLoad } from './next-load.ts'
import { Refill } from './refill.ts'

/**
 * Options with every default filled in and every rule checked.
 */
export type CheckedOptions<Id, Value> = CacheOptions<Id, Value> & Required<Pick<CacheOptions<Id, Value>, keyof typeof cacheDefaults>> & {
  /** The texts of an id's tags. */
  readonly tagsOf: (id: Id) => readonly string[]
}

type ReadResult<Value> = Result<Value | undefined, CacheReadError>

interface Asked extends Place {
  readonly batch: Batch
}

/** How long a source that failed is left alone while expired values can answer, in milliseconds. */
const sourceRestMs = 1_000
const longestPauseMs = 50
const noSlots: readonly number[] = []

/**
 * The read path: look (a share of one `MGET`), and where that does not answer: lease, load and fill.
 */
export class CacheAside<Id, Value> implements Cache<Id, Value> {
  readonly name: string
  readonly #stores: Stores
  readonly #options: CheckedOptions<Id, Value>
  readonly #loader: Loader<Id, Value>
  readonly #refill: Refill<Id, Value>
  readonly #batches: BatchGet
  readonly #passing = new NextLoad<LoadResult<Value>>()
  #isSourceSuspect = false
  #sourceRestsUntil = 0

  constructor(stores: Stores, options: CheckedOptions<Id, Value>) {
    this.name = options.name
    this.#stores = stores
    this.#options = options
    this.#loader = new Loader({ cache: options.name, load: options.load, codec: options.codec, sql: stores.postgres.client })
    this.#refill = new Refill(stores, options, this.#loader)
    this.#batches = new BatchGet(stores.redis)
  }

  key(id: Id): CacheKey {
    return { text: this.#textOf(id) }
  }

  get(id: Id, options?: ReadOptions): ResultAsync<Value | undefined, CacheReadError> {
    const row = this.#rowOf(id)
    if (options?.tx !== undefined) return new ResultAsync(this.#readInside(options.tx, [row])).map((values) => values.get(id))
    return new ResultAsync(this.#read(row))
  }

  getMany(ids: readonly Id[], options?: ReadOptions): ResultAsync<Map<Id, Value>, CacheReadError> {
    const rows = ids.map((id) => this.#rowOf(id))
    return new ResultAsync(options?.tx === undefined ? this.#readMany(rows) : this.#readInside(options.tx, distinct(rows)))
  }

  refresh(id: Id): ResultAsync<Value | undefined, CacheReadError> {
    return new ResultAsync(this.#refresh(this.#rowOf(id)))
  }

  async #read(row: Row<Id>): Promise<ReadResult<Value>> {
    if (!this.#mayLook) return this.#resolve(row, gateClosed)
    const asked = this.#ask(row)
    const look = judge(await asked.batch.reply, asked, this.#stores.clock.now())
    const answer = this.#answer(row, look)
    if (answer === undefined) return this.#resolve(row, look)
    this.#countHits(1)
    return answer
  }

  async #readMany(rows: readonly Row<Id>[]): Promise<Result<Map<Id, Value>, CacheReadError>> {
    const looks = await this.#lookMany(rows)
    const missing: number[] = []
    const answers: (ReadResult<Value> | undefined)[] = []
    for (const [index, row] of rows.entries()) {
      const answer = this.#answer(row, looks[index] ?? gateClosed)
      if (answer === undefined) missing.push(index)
      answers.push(answer)
    }
    this.#countHits(rows.length - missing.length)
    if (missing.length > 0) {
      await Promise.all(missing.map(async (index) => { answers[index] = await this.#resolve(rows[index] as Row<Id>, looks[index] ?? gateClosed) }))
    }
    return collect(rows, answers as ReadResult<Value>[])
  }

  async #readInside(tx: SqlClient, rows: readonly Row<Id>[]): Promise<Result<Map<Id, Value>, CacheReadError>> {
    if (rows.length === 0) return ok(new Map<Id, Value>())
    const results = await this.#loader.loadThrough(tx, rows)
    return collect(rows, results.map(valueOf))
  }

  async #refresh(row: Row<Id>): Promise<ReadResult<Value>> {
    const look = await this.#look(row)
    if (look.kind === 'pass') return this.#passBy(row, look.reason)
    const outcome = await this.#refill.join(row, look.kind === 'miss' ? look.seen : this.#keep(look.raw))
    return outcome.kind === 'loaded' ? valueOf(outcome.result) : this.#passBy(row, 'refresh')
  }

  get #mayLook(): boolean {
    return this.#stores.invalidation.isOpen && this.#stores.redis.isAvailable
  }

  async #look(row: Row<Id>): Promise<Look> {
    if (!this.#mayLook) return gateClosed
    const asked = this.#ask(row)
    return judge(await asked.batch.reply, asked, this.#stores.clock.now())
  }

  async #lookMany(rows: readonly Row<Id>[]): Promise<readonly Look[]> {
    if (!this.#mayLook) return []
    const asked = rows.map((row) => this.#ask(row))
    const replies = new Map<Batch, BatchReply>()
    for (const { batch } of asked) if (!replies.has(batch)) replies.set(batch, await batch.reply)
    const now = this.#stores.clock.now()
    return asked.map((one) => judge(replies.get(one.batch) as BatchReply, one, now))
  }

  #ask(row: Row<Id>): Asked {
    const { batch } = this.#batches
    const { keyPrefix } = this.#stores.redis
    const slot = batch.slotOf(keyPrefix + row.key)
    const tags = this.#options.tags === undefined ? noSlots : this.#options.tagsOf(row.id).map((tag) => batch.slotOf(keyPrefix + tag))
    return { batch, slot, tagSlots: tags }
  }

  /** The answer that a look gave; `undefined` when there is none, or none that can be read. */
  #answer(row: Row<Id>, look: Look): ReadResult<Value> | undefined {
    if (look.kind !== 'hit') return undefined
    const answer = this.#decode(look.raw)
    if (answer !== undefined && look.isSoft) this.#refill.begin(row, this.#keep(look.raw))
    return answer
  }

  #decode(raw: string): ReadResult<Value> | undefined {
    try {
      const json = jsonOf(raw)
      return ok(json === undefined ? undefined : this.#loader.read(json))
    } catch (error) {
      this.#stores.diagnostics.emit('cache:entry-rejected', { cache: this.name, reason: `unreadable: ${String(error)}` })
      return undefined
    }
  }

  async #resolve(row: Row<Id>, look: Look): Promise<ReadResult<Value>> {
    this.#countMiss(look)
    const result = await this.#obtain(row, look)
    if (result.isOk() || !isSourceDown(result.error)) {
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
      if (look.kind === 'pass') return this.#passBy(row, look.reason)
      const answer = turns === 1 ? undefined : this.#answer(row, look)
      if (answer !== undefined) return this.#waited(startedAt, answer)
      if (look.kind === 'expired' && !this.#mayTrySource()) return this.#answerStale(look.raw) ?? this.#passBy(row, 'unreadable')
      const outcome = await this.#join(row, look)
      if (outcome.kind === 'loaded') return valueOf(outcome.result)
      if (outcome.kind === 'pass') return this.#passBy(row, outcome.reason)
      if (clock.monotonic() - startedAt >= this.#options.waitMs) return this.#waited(startedAt, await this.#passBy(row, 'waited'))
      await setTimeout(Math.min(longestPauseMs, 2 ** turns) * (0.5 + Math.random() / 2))
      look = await this.#look(row)
    }
  }

  #join(row: Row<Id>, look: Look): Promise<Outcome<Value>> | Outcome<Value> {
    switch (look.kind) {
      case 'pass': return look
      case 'miss': return this.#refill.join(row, look.seen)
      case 'hit': return this.#refill.join(row, { nonce: nonceOf(look.raw) })
      case 'expired': return look.isClaimed ? { kind: 'again' } : this.#refill.join(row, this.#keep(look.raw))
    }
  }

  #keep(raw: string): SeenValue {
    return keepMeanwhile(raw, digits(this.#stores.clock.now() + this.#options.leaseMs))
  }

  /** Loads without the cache: everybody gets a load that began after they asked. */
  async #passBy(row: Row<Id>, reason: string): Promise<ReadResult<Value>> {
    const { diagnostics } = this.#stores
    if (diagnostics.isHeard('cache:bypass')) diagnostics.emit('cache:bypass', { cache: this.name, reason })
    const loaded = await this.#passing.join(row.key, () => this.#loader.load(row))
    return valueOf(loaded.andThen((row) => this.#loader.copy(row)))
  }

  async #answerFromGrace(row: Row<Id>, failed: ReadResult<Value>): Promise<ReadResult<Value>> {
    this.#isSourceSuspect = true
    this.#sourceRestsUntil = this.#stores.clock.monotonic() + sourceRestMs
    // Looked at again: a writer may have come since, and a held key must not answer.
    const look = await this.#look(row)
    if (look.kind !== 'hit' && look.kind !== 'expired') return failed
    return this.#answerStale(look.raw) ?? failed
  }

  #answerStale(raw: string): ReadResult<Value> | undefined {
    const answer = this.#decode(raw)
    const ageMs = this.#stores.clock.now() - expiryOf(raw) + this.#options.ttlMs
    if (answer !== undefined) this.#stores.diagnostics.emit('cache:stale-served', { cache: this.name, ageMs })
    return answer
  }

  /** While the source fails one read a second tries it; the others are answered by what has expired. */
  #mayTrySource(): boolean {
    if (!this.#isSourceSuspect) return true
    const now = this.#stores.clock.monotonic()
    if (now < this.#sourceRestsUntil) return false
    this.#sourceRestsUntil = now + sourceRestMs
    return true
  }

  #rowOf(id: Id): Row<Id> {
    return { id, key: this.#textOf(id) }
  }

  /** Whole numbers, which most ids are, need no encoding. */
  #textOf(id: Id): string {
    const { key } = this.#options
    if (key === undefined && Number.isSafeInteger(id)) return `${this.name}:${String(id)}`
    return cacheKey(this.name, ...(key?.(id) ?? [String(id)])).text
  }

  #waited(startedAt: number, result: ReadResult<Value>): ReadResult<Value> {
    const { diagnostics, clock } = this.#stores
    diagnostics.emit('cache:wait', { cache: this.name, durationMs: clock.monotonic() - startedAt })
    return result
  }

  #countHits(count: number): void {
    const { diagnostics } = this.#stores
    if (count > 0 && diagnostics.isHeard('cache:hit')) diagnostics.emit('cache:hit', { cache: this.name, count })
  }

  #countMiss(look: Look): void {
    const { diagnostics } = this.#stores
    if (look.kind !== 'pass') diagnostics.emit('cache:miss', { cache: this.name, count: 1 })
    if (look.kind === 'miss' && look.reason === 'foreign') diagnostics.emit('cache:entry-rejected', { cache: this.name, reason: 'not an entry' })
  }
}

function valueOf<Value>(loaded: LoadResult<Value>): ReadResult<Value> {
  return loaded.map(({ value }) => value)
}

function collect<Id, Value>(rows: readonly Row<Id>[], results: readonly ReadResult<Value>[]): Result<Map<Id, Value>, CacheReadError> {
  const values = new Map<Id, Value>()
  for (const [index, row] of rows.entries()) {
    const result = results[index] as ReadResult<Value>
    if (result.isErr()) return err(result.error)
    if (result.value !== undefined) values.set(row.id, result.value)
  }
  return ok(values)
}

function distinct<Id>(rows: readonly Row<Id>[]): readonly Row<Id>[] {
  const seen = new Set<string>()
  return rows.filter(({ key }) => !seen.has(key) && seen.add(key))
}

function isSourceDown(error: CacheReadError): boolean {
  return error.type === 'store-unavailable' || error.type === 'deadline-exceeded'
}
