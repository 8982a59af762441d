import { setImmediate, setTimeout } from 'node:timers/promises'
import type { CacheKey } from '../cache-key.ts'
import type { Abortable } from '../call-options.ts'
import type { CacheStores } from './cache-stores.ts'
import { isOutage } from '../failure/is-outage.ts'
import { within } from '../resilience/within.ts'
import { err, errAsync, ok, Result, ResultAsync } from '../result.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import type { Tracing } from '../tracing/tracing.ts'
import { abortableRead } from './abortable-read.ts'
import type { Cache, CacheReadError, ReadOptions } from './cache.ts'
import { CacheReports } from './reports/cache-reports.ts'
import { TracedRead, tracedReadOfMany } from './reports/traced-read.ts'
import type { CheckedOptions } from './checked-options.ts'
import { type LoadResult, type ValueCodec, valueOf } from './codec.ts'
import { digits, expiryOf, nonceOf } from './entry.ts'
import { type Answer, EntryReader, noAnswer } from './memo/entry-reader.ts'
import type { Outcome } from './flight.ts'
import type { SeenValue } from './lease.ts'
import { LeasedLoad } from './leased-load.ts'
import { LoadScope } from '../load-scope.ts'
import type { Keeper } from './near/keeper.ts'
import { Loader } from './loader.ts'
import {
  type Bypass,
  claimForRefresh,
  gateClosed,
  isBypass,
  isExpired,
  type Look,
  valueSeen,
} from './look.ts'
import { NextLoad } from './next-load.ts'
import { distinctRows, isRefused, type Row, RowKeys, valuesById } from './row-keys.ts'
import { RowLooks } from './row-looks.ts'
import { SourceRest } from './source-rest.ts'

type ReadResult<Value> = Result<Value | undefined, CacheReadError>

const longestPauseMs = 50
const rowsPerTurn = 250

/**
 * The read path: look (a share of one `MGET`); where that does not answer, lease, load and fill.
 * The last three are the {@link LeasedLoad}.
 */
export class CacheAside<Id, Value> implements Cache<Id, Value> {
  readonly name: string
  readonly #stores: CacheStores
  readonly #tracing: Tracing
  readonly #options: CheckedOptions<Id, Value>
  readonly #keys: RowKeys<Id>
  readonly #reports: CacheReports
  readonly #codec: ValueCodec<Value>
  readonly #entries: EntryReader<Value>
  readonly #loader: Loader<Id, Value>
  readonly #leasedLoad: LeasedLoad<Id, Value>
  readonly #looks: RowLooks
  readonly #keeper: Keeper | undefined
  readonly #uncached = new NextLoad<LoadResult<Value>>()
  readonly #rest: SourceRest
  /** Answers that are expired values. */
  readonly #stale = new WeakSet<ReadResult<Value>>()

  constructor(
    stores: CacheStores,
    options: CheckedOptions<Id, Value>,
    { codec, keeper }: { codec: ValueCodec<Value>; keeper?: Keeper },
  ) {
    const { name: cache, load, maxParsedLength } = options
    const reports = new CacheReports(cache, stores.diagnostics)
    const loader = new Loader({
      cache,
      load,
      codec,
      reports,
      sql: stores.postgres.client,
      clock: stores.clock,
    })
    this.name = cache
    this.#stores = stores
    this.#tracing = stores.diagnostics.tracing
    this.#options = options
    this.#keys = new RowKeys(options, stores.redis.keyPrefix)
    this.#reports = reports
    this.#codec = codec
    this.#entries = new EntryReader(codec, reports, maxParsedLength)
    this.#loader = loader
    this.#leasedLoad = new LeasedLoad({ stores, options, loader, codec, reports })
    this.#looks = new RowLooks(stores)
    this.#keeper = keeper
    this.#rest = new SourceRest(stores.clock)
  }

  key(id: Id): CacheKey {
    return this.#keys.keyOf(id)
  }

  get(id: Id, options?: ReadOptions): ResultAsync<Value | undefined, CacheReadError> {
    if (options?.signal !== undefined)
      return abortableRead(this.name, options, () => this.get(id, { tx: options.tx }))
    const row = this.#keys.rowOf(id)
    if (isRefused(row)) return errAsync(row)
    if (options?.tx !== undefined)
      return new ResultAsync(this.#readInside(options.tx, [row])).map((values) => values.get(id))
    return new ResultAsync(this.#tracing.isOn ? this.#traced(row) : this.#read(row))
  }

  getMany(ids: readonly Id[], options?: ReadOptions): ResultAsync<Map<Id, Value>, CacheReadError> {
    if (options?.signal !== undefined)
      return abortableRead(this.name, options, () => this.getMany(ids, { tx: options.tx }))
    const rows = this.#keys.rowsOf(ids)
    if (isRefused(rows)) return errAsync(rows)
    if (options?.tx !== undefined)
      return new ResultAsync(this.#readInside(options.tx, distinctRows(rows)))
    if (!this.#tracing.isOn) return new ResultAsync(this.#readMany(rows))
    const work = tracedReadOfMany(this.name)
    return new ResultAsync(this.#tracing.result(work, () => this.#readMany(rows)))
  }

  peek(): undefined {
    return undefined
  }

  refresh(id: Id, options?: Abortable): ResultAsync<Value | undefined, CacheReadError> {
    const row = this.#keys.rowOf(id)
    if (isRefused(row)) return errAsync(row)
    return abortableRead(this.name, options, () => new ResultAsync(this.#refresh(row)))
  }

  #read(row: Row<Id>, read?: TracedRead): Promise<ReadResult<Value>> {
    if (!this.#looks.areAllowed) return this.#load(row, gateClosed)
    const since = this.#keeper?.moment
    return this.#looks.at(row, (look) => {
      const value = this.#answer(row, look, since)
      if (value === noAnswer) {
        read?.missed(look)
        return this.#load(row, look)
      }
      read?.found('hit')
      this.#reports.hits(1)
      return ok(value)
    })
  }

  #traced(row: Row<Id>): Promise<ReadResult<Value>> {
    const read = new TracedRead(this.name)
    return this.#tracing.result(read.work, async () => {
      const result = await this.#read(row, read)
      if (this.#stale.has(result)) read.found('stale')
      return result
    })
  }

  async #readMany(rows: readonly Row<Id>[]): Promise<Result<Map<Id, Value>, CacheReadError>> {
    const since = this.#keeper?.moment
    const looks = await this.#looks.all(rows)
    const lookAt = (index: number): Look => looks[index] ?? gateClosed
    const answers: Answer<Value>[] = []
    for (let index = 0; index < rows.length; index += 1) {
      answers.push(this.#answer(rows[index] as Row<Id>, lookAt(index), since))
      // Many long entries must not keep the process from other callers' replies.
      if (index % rowsPerTurn === rowsPerTurn - 1) await setImmediate()
    }
    const missing: number[] = []
    for (let index = 0; index < rows.length; index += 1)
      if (answers[index] === noAnswer) missing.push(index)
    this.#reports.hits(rows.length - missing.length)
    if (missing.length === 0) return ok(valuesById(rows, answers as (Value | undefined)[]))
    const loaded = await Promise.all(
      missing.map((index) => this.#load(rows[index] as Row<Id>, lookAt(index))),
    )
    for (const [at, result] of loaded.entries()) {
      if (result.isErr()) return err(result.error)
      answers[missing[at] as number] = result.value
    }
    return ok(valuesById(rows, answers as (Value | undefined)[]))
  }

  async #readInside(
    tx: SqlClient,
    rows: readonly Row<Id>[],
  ): Promise<Result<Map<Id, Value>, CacheReadError>> {
    if (rows.length === 0) return ok(new Map<Id, Value>())
    const results = await this.#loader.loadThrough(tx, rows)
    return Result.combine(results).map((loaded) => {
      const values = loaded.map(({ value }) => value)
      return valuesById(rows, values)
    })
  }

  async #refresh(row: Row<Id>): Promise<ReadResult<Value>> {
    const look = await this.#looks.one(row)
    if (isBypass(look)) return this.#loadUncached(row, look.reason)
    const seen =
      typeof look !== 'string' && look.kind === 'miss'
        ? look.seen
        : this.#claim(valueSeen(look) as string)
    const outcome = await this.#leasedLoad.join(row, seen)
    return outcome.kind === 'loaded' ? valueOf(outcome.result) : this.#loadUncached(row, 'refresh')
  }

  /** The answer of a look. A value near its end answers, and is refreshed in the background. */
  #answer(row: Row<Id>, look: Look, since?: number): Answer<Value> {
    if (typeof look === 'string') {
      if (since !== undefined) this.#keeper?.keep(row, look, since)
      return this.#entries.read(row.key, look)
    }
    if (look.kind !== 'stale' || !look.isAlive) return noAnswer
    const value = this.#entries.read(row.key, look.raw)
    if (value !== noAnswer) this.#leasedLoad.refresh(row, this.#claim(look.raw))
    return value
  }

  /** Loads a row that a look did not answer. Within grace, an expired value replaces a failure. */
  async #load(row: Row<Id>, look: Look): Promise<ReadResult<Value>> {
    this.#reports.miss(look)
    const { graceMs } = this.#options
    const loading = this.#loadOrWait(row, look)
    const result = graceMs > 0 && isExpired(look) ? await this.#inTime(row, loading) : await loading
    if (result.isOk() || !result.error.retryable) {
      this.#rest.succeeded(row.key)
      return result
    }
    if (graceMs === 0) return result
    if (isOutage(result.error)) this.#rest.failed()
    else this.#rest.failedFor(row.key)
    return (await this.#answerFromGrace(row)) ?? result
  }

  /** The result of a load, or an expired value when the load is slow. The load goes on then. */
  async #inTime(row: Row<Id>, loading: Promise<ReadResult<Value>>): Promise<ReadResult<Value>> {
    const result = await within(loading, this.#options.softTimeoutMs, () => undefined)
    if (result !== undefined) return result
    this.#rest.failedFor(row.key)
    return (await this.#answerFromGrace(row)) ?? loading
  }

  async #loadOrWait(row: Row<Id>, first: Look): Promise<ReadResult<Value>> {
    const { clock } = this.#stores
    const startedAt = clock.monotonic()
    const waited = (result: ReadResult<Value>) => {
      this.#reports.waited(clock.monotonic() - startedAt)
      return result
    }
    let look = first
    for (let turns = 1; ; turns += 1) {
      if (isBypass(look)) return this.#loadUncached(row, look.reason)
      const value = turns === 1 ? noAnswer : this.#answer(row, look)
      if (value !== noAnswer) return waited(ok(value))
      if (isExpired(look) && !this.#rest.mayAsk(row.key))
        return this.#answerStale(row, look.raw) ?? this.#loadUncached(row, 'unreadable')
      const outcome = await this.#lease(row, look)
      if (outcome.kind === 'loaded') return valueOf(outcome.result)
      if (outcome.kind === 'bypass') return this.#loadUncached(row, outcome.reason)
      if (LoadScope.current !== undefined) return this.#loadUncached(row, 'nested')
      if (clock.monotonic() - startedAt >= this.#options.waitMs)
        return waited(await this.#loadUncached(row, 'waited'))
      await setTimeout(Math.min(longestPauseMs, 2 ** turns) * (0.5 + Math.random() / 2))
      look = await this.#looks.one(row)
    }
  }

  #lease(row: Row<Id>, look: Exclude<Look, Bypass>): Promise<Outcome<Value>> | Outcome<Value> {
    // A value that is alive and yet did not answer cannot be read.
    if (typeof look === 'string') return this.#leasedLoad.join(row, { nonce: nonceOf(look) })
    if (look.kind === 'miss') return this.#leasedLoad.join(row, look.seen)
    if (look.isAlive) return this.#leasedLoad.join(row, { nonce: nonceOf(look.raw) })
    return look.isClaimed ? { kind: 'again' } : this.#leasedLoad.join(row, this.#claim(look.raw))
  }

  #claim(raw: string): SeenValue {
    return claimForRefresh(raw, digits(this.#stores.clock.now() + this.#options.leaseMs))
  }

  /** Loads without the cache: every caller gets a load that began after it asked. */
  async #loadUncached(row: Row<Id>, reason: string): Promise<ReadResult<Value>> {
    this.#reports.bypass(reason)
    // Within a loader a shared load may be the one that waits for this read.
    const result = await (LoadScope.current === undefined
      ? this.#uncached.join(row.key, () => this.#loader.load(row))
      : this.#loader.load(row))
    return valueOf(result.andThen((loaded) => this.#codec.copy(loaded)))
  }

  /** Looks again: a writer may have come since, and a held key must not answer. */
  async #answerFromGrace(row: Row<Id>): Promise<ReadResult<Value> | undefined> {
    const raw = valueSeen(await this.#looks.one(row))
    return raw === undefined ? undefined : this.#answerStale(row, raw)
  }

  #answerStale(row: Row<Id>, raw: string): ReadResult<Value> | undefined {
    const value = this.#entries.read(row.key, raw)
    if (value === noAnswer) return undefined
    this.#reports.staleServed(this.#stores.clock.now() - expiryOf(raw) + this.#options.ttlMs)
    const answer: ReadResult<Value> = ok(value)
    this.#stale.add(answer)
    return answer
  }
}
