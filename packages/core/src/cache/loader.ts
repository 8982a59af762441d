import { isOutage } from '../is-outage.ts'
import { err, ok, type Result } from '../result.ts'
import { sqlFailureIn } from '../failure-error.ts'
import { MicroBatch } from '../micro-batch.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import type { CacheReadError } from './cache.ts'
import { loadFailed, type LoadResult, type ValueCodec } from './codec.ts'
import { distinctRows, type Row } from './row-keys.ts'

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
}

/**
 * Loads rows from the source. Rows that are asked for in the same turn of the event loop share one
 * `load`. Never rejects.
 */
export class Loader<Id, Value> {
  readonly #deps: LoaderDeps<Id, Value>
  readonly #batch: MicroBatch<Row<Id>, LoadResult<Value>>

  constructor(deps: LoaderDeps<Id, Value>) {
    this.#deps = deps
    this.#batch = new MicroBatch((rows) => this.#loadTogether(rows))
  }

  /** Loads one row, together with others that are asked for at the same time. */
  load(row: Row<Id>): Promise<LoadResult<Value>> {
    return this.#batch.add(row)
  }

  /** Loads rows through the caller's connection. */
  async loadThrough(
    sql: SqlClient,
    rows: readonly Row<Id>[],
  ): Promise<readonly LoadResult<Value>[]> {
    const found = await this.#ask(sql, rows)
    return rows.map(({ id }) => found.andThen((values) => this.#deps.codec.encode(values.get(id))))
  }

  async #loadTogether(asked: readonly Row<Id>[]): Promise<readonly LoadResult<Value>[]> {
    const rows = distinctRows(asked)
    const results = await this.loadThrough(this.#deps.sql, rows)
    const byKey = new Map(rows.map((row, index) => [row.key, results[index] as LoadResult<Value>]))
    if (rows.length > 1 && results.some(isRefusal)) {
      // One bad id must not fail the reads that happened to be asked for at the same time.
      await Promise.all(
        rows.map(async (row) => {
          const [result] = await this.loadThrough(this.#deps.sql, [row])
          byKey.set(row.key, result as LoadResult<Value>)
        }),
      )
    }
    return asked.map((row) => byKey.get(row.key) as LoadResult<Value>)
  }

  async #ask(
    sql: SqlClient,
    rows: readonly Row<Id>[],
  ): Promise<Result<ReadonlyMap<Id, Value>, CacheReadError>> {
    const { cache, load } = this.#deps
    const ids = rows.map((row) => row.id)
    try {
      const values: unknown = await load(ids, sql)
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

function isRefusal(result: LoadResult<unknown>): boolean {
  return result.isErr() && !isOutage(result.error)
}
