import type { Clock } from '../clock.ts'
import { sqlFailureIn } from '../failure/failure-error.ts'
import { isOutage } from '../failure/is-outage.ts'
import { MicroBatch } from '../micro-batch.ts'
import { err, ok, type Result } from '../result.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import type { CacheReadError } from './cache.ts'
import type { CacheReports } from './reports/cache-reports.ts'
import { loadFailed, type LoadResult, type ValueCodec } from './codec.ts'
import { LoadScope } from '../load-scope.ts'
import { distinctRows, type Row } from './row-keys.ts'
import { SplitBudget } from './split-budget.ts'

/** Dependencies of a {@link Loader}. */
export interface LoaderDeps<Id, Value> {
  /** The name of the cache. */
  readonly cache: string
  /** The loader of the host. */
  readonly load: (ids: readonly Id[], sql: SqlClient) => Promise<ReadonlyMap<Id, Value>>
  /** Encodes what was loaded. */
  readonly codec: ValueCodec<Value>
  /** The primary. */
  readonly sql: SqlClient
  /** Source of the time. */
  readonly clock: Clock
  /** Where loads are reported. */
  readonly reports: Pick<CacheReports, 'loaded'>
}

type Batch<Id, Value> = MicroBatch<Row<Id>, LoadResult<Value>>

type Found<Id, Value> = Result<ReadonlyMap<Id, Value>, CacheReadError>

/**
 * Loads rows from the source. Rows that are asked for in the same turn of the event loop share one
 * `load`. Never rejects.
 */
export class Loader<Id, Value> {
  readonly #deps: LoaderDeps<Id, Value>
  readonly #batch: Batch<Id, Value>
  readonly #nested = new WeakMap<LoadScope, Batch<Id, Value>>()

  constructor(deps: LoaderDeps<Id, Value>) {
    this.#deps = deps
    this.#batch = this.#newBatch()
  }

  /** Loads one row, together with others that are asked for at the same time. */
  load(row: Row<Id>): Promise<LoadResult<Value>> {
    const scope = LoadScope.current
    if (scope === undefined) return this.#batch.add(row)
    if (scope.isCircular(row.key)) {
      const message = 'the loader waits for a row that waits for itself'
      return Promise.resolve(err(loadFailed(this.#deps.cache, message)))
    }
    const batch = this.#nested.get(scope) ?? this.#newBatch()
    this.#nested.set(scope, batch)
    return batch.add(row)
  }

  /** Loads rows through the caller's connection. */
  async loadThrough(
    sql: SqlClient,
    rows: readonly Row<Id>[],
  ): Promise<readonly LoadResult<Value>[]> {
    return this.#encoded(rows, await this.#ask(sql, rows))
  }

  #newBatch(): Batch<Id, Value> {
    return new MicroBatch((rows) => this.#loadTogether(rows))
  }

  async #loadTogether(asked: readonly Row<Id>[]): Promise<readonly LoadResult<Value>[]> {
    const rows = distinctRows(asked)
    const found = await this.#ask(this.#deps.sql, rows)
    const results =
      found.isErr() && rows.length > 1 && !isOutage(found.error)
        ? await this.#loadApart(rows, found.error, new SplitBudget(this.#deps.clock, rows.length))
        : this.#encoded(rows, found)
    const byKey = new Map(rows.map((row, index) => [row.key, results[index] as LoadResult<Value>]))
    return asked.map((row) => byKey.get(row.key) as LoadResult<Value>)
  }

  /**
   * Loads halves one after the other, down to the row that is refused: one bad id must not fail the
   * reads that happened to be asked for at the same time. Rows beyond the budget keep the failure.
   */
  async #loadApart(
    rows: readonly Row<Id>[],
    failure: CacheReadError,
    budget: SplitBudget,
  ): Promise<readonly LoadResult<Value>[]> {
    const middle = Math.ceil(rows.length / 2)
    const results: LoadResult<Value>[] = []
    for (const half of [rows.slice(0, middle), rows.slice(middle)]) {
      const found = budget.take() ? await this.#ask(this.#deps.sql, half) : err(failure)
      const isSplit = found.isErr() && half.length > 1 && budget.isLeft && !isOutage(found.error)
      results.push(
        ...(isSplit
          ? await this.#loadApart(half, found.error, budget)
          : this.#encoded(half, found)),
      )
    }
    return results
  }

  #encoded(rows: readonly Row<Id>[], found: Found<Id, Value>): readonly LoadResult<Value>[] {
    const { codec } = this.#deps
    return rows.map(({ id }) => found.andThen((values) => codec.encode(values.get(id))))
  }

  async #ask(sql: SqlClient, rows: readonly Row<Id>[]): Promise<Found<Id, Value>> {
    const { clock, reports } = this.#deps
    const startedMs = clock.monotonic()
    const found = await this.#call(sql, rows)
    reports.loaded({
      count: rows.length,
      durationMs: clock.monotonic() - startedMs,
      outcome: found.isOk() ? 'ok' : found.error.type,
    })
    return found
  }

  async #call(sql: SqlClient, rows: readonly Row<Id>[]): Promise<Found<Id, Value>> {
    const { cache, load } = this.#deps
    const ids = rows.map((row) => row.id)
    const keys = rows.map((row) => row.key)
    try {
      const values: unknown = await LoadScope.run(keys, () => load(ids, sql))
      if (!(values instanceof Map)) return err(loadFailed(cache, 'the loader returned no Map'))
      const asked = new Set<unknown>(ids)
      const foreign = [...(values as Map<unknown, unknown>).keys()].find((id) => !asked.has(id))
      if (foreign !== undefined) return err(loadFailed(cache, foreignId(foreign)))
      return ok(values as ReadonlyMap<Id, Value>)
    } catch (error) {
      return err(sqlFailureIn(error) ?? loadFailed(cache, 'the loader failed', error))
    }
  }
}

function foreignId(id: unknown): string {
  return `the loader returned a ${typeof id} id that was not asked for: a string for a number?`
}
