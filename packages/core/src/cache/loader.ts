import { err, ok, type Result } from '../result.ts'
import { sqlFailureIn } from '../failure-error.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import type { CacheReadError, Codec, LoadFailed } from './cache.ts'
import { findJsonUnsafe } from './json-safety.ts'
import { MicroBatch } from '../micro-batch.ts'

/** One row that is asked for. */
export interface Row<Id> {
  /** The id, as the caller gave it. */
  readonly id: Id
  /** Its key in Redis. */
  readonly key: string
}

/**
 * One row as it was loaded. `payload` is its value as JSON; both are `undefined` when there is no
 * such row.
 */
export interface Loaded<Value> {
  /** The value. */
  readonly value: Value | undefined
  /** The value as JSON. */
  readonly payload: string | undefined
}

/** What a load gave. */
export type LoadResult<Value> = Result<Loaded<Value>, CacheReadError>

/** What a {@link Loader} needs to know of the cache it loads for. */
export interface LoaderParts<Id, Value> {
  /** The name of the cache. */
  readonly cache: string
  /** The host's loader. */
  readonly load: (ids: readonly Id[], sql: SqlClient) => Promise<ReadonlyMap<Id, Value>>
  /** How values travel. */
  readonly codec: Codec<Value> | undefined
  /** The primary. */
  readonly sql: SqlClient
}

/** Loads rows from the source: rows that are asked for in one tick by one `load`. Never rejects. */
export class Loader<Id, Value> {
  readonly #parts: LoaderParts<Id, Value>
  readonly #batch: MicroBatch<Row<Id>, LoadResult<Value>>

  constructor(parts: LoaderParts<Id, Value>) {
    this.#parts = parts
    this.#batch = new MicroBatch((rows) => this.#loadTogether(rows))
  }

  /** Loads one row, together with the others of this tick. */
  load(row: Row<Id>): Promise<LoadResult<Value>> {
    return this.#batch.add(row)
  }

  /** Loads rows through a connection of the caller's. */
  async loadThrough(
    sql: SqlClient,
    rows: readonly Row<Id>[],
  ): Promise<readonly LoadResult<Value>[]> {
    const found = await this.#ask(sql, rows)
    return rows.map((row) => found.andThen((values) => this.#take(values, row)))
  }

  /** The same row with a value of its own, for a second reader. */
  copy({ payload }: Loaded<Value>): LoadResult<Value> {
    try {
      return ok({
        value: payload === undefined ? undefined : this.decode(JSON.parse(payload)),
        payload,
      })
    } catch (error) {
      return err(this.#failed('the codec cannot read what it wrote', error))
    }
  }

  /** A value from what its JSON says; throws what the codec throws. */
  decode(json: unknown): Value {
    return this.#parts.codec === undefined ? (json as Value) : this.#parts.codec.decode(json)
  }

  async #loadTogether(asked: readonly Row<Id>[]): Promise<readonly LoadResult<Value>[]> {
    const rows = [...new Map(asked.map((row) => [row.key, row])).values()]
    const results = await this.loadThrough(this.#parts.sql, rows)
    const byKey = new Map(rows.map((row, index) => [row.key, results[index] as LoadResult<Value>]))
    if (rows.length > 1 && results.some(isRefusal)) {
      // One bad id must not fail the reads that happened to be asked for in the same tick.
      await Promise.all(
        rows.map(async (row) =>
          byKey.set(
            row.key,
            (await this.loadThrough(this.#parts.sql, [row]))[0] as LoadResult<Value>,
          ),
        ),
      )
    }
    return asked.map((row) => byKey.get(row.key) as LoadResult<Value>)
  }

  async #ask(
    sql: SqlClient,
    rows: readonly Row<Id>[],
  ): Promise<Result<ReadonlyMap<Id, Value>, CacheReadError>> {
    const ids = rows.map((row) => row.id)
    try {
      const values: unknown = await this.#parts.load(ids, sql)
      if (!(values instanceof Map)) return err(this.#failed('the loader gave back no Map'))
      const asked = new Set<unknown>(ids)
      for (const id of values.keys())
        if (!asked.has(id))
          return err(
            this.#failed(
              `the loader gave back a ${typeof id} id that was not asked for: a string for a number?`,
            ),
          )
      return ok(values as ReadonlyMap<Id, Value>)
    } catch (error) {
      return err(sqlFailureIn(error) ?? this.#failed('the loader failed', error))
    }
  }

  #take(values: ReadonlyMap<Id, Value>, { id }: Row<Id>): LoadResult<Value> {
    const value = values.get(id)
    if (value === undefined) return ok({ value: undefined, payload: undefined })
    try {
      return this.#encode(value)
    } catch (error) {
      return err(this.#failed('a value cannot be written as JSON', error))
    }
  }

  #encode(value: Value): LoadResult<Value> {
    const { codec } = this.#parts
    const encoded = codec === undefined ? value : codec.encode(value)
    const unsafe = codec === undefined ? findJsonUnsafe(value) : undefined
    if (unsafe !== undefined)
      return err(this.#failed(`${unsafe}, which JSON does not keep: the cache needs a codec`))
    const payload = JSON.stringify(encoded) as string | undefined
    if (payload === undefined)
      return err(this.#failed(`the codec made a ${typeof encoded}, which is no JSON`))
    return ok({ value, payload })
  }

  #failed(message: string, cause?: unknown): LoadFailed {
    const { cache } = this.#parts
    return {
      type: 'load-failed',
      cache,
      message: `cache ${cache}: ${message}`,
      retryable: cause !== undefined,
      ...(cause === undefined ? {} : { cause }),
    }
  }
}

function isRefusal(result: LoadResult<unknown>): boolean {
  return (
    result.isErr() &&
    result.error.type !== 'store-unavailable' &&
    result.error.type !== 'deadline-exceeded'
  )
}
