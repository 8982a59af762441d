import { err, ok, type Result } from '../result.ts'
import type { CacheReadError, Codec, LoadFailed } from './cache.ts'
import { findJsonUnsafe } from '../json/json-safety.ts'
import { quietError } from '../stores/quiet-error.ts'
import { withCause } from '../failure/with-cause.ts'

/** One loaded row. Both fields are `undefined` when there is no such row. */
export interface Loaded<Value> {
  /** The value. */
  readonly value: Value | undefined
  /** The value as JSON. */
  readonly payload: string | undefined
}

/** The outcome of loading one row. */
export type LoadResult<Value> = Result<Loaded<Value>, CacheReadError>

/** What a reader gets of a loaded row. */
export function valueOf<Value>(
  result: LoadResult<Value>,
): Result<Value | undefined, CacheReadError> {
  return result.map(({ value }) => value)
}

/** Encodes values as JSON and decodes them, through the codec of the host where it has one. */
export class ValueCodec<Value> {
  readonly #cache: string
  readonly #codec: Codec<Value> | undefined

  /** `cache` is the name of the cache, for failures. */
  constructor(cache: string, codec: Codec<Value> | undefined) {
    this.#cache = cache
    this.#codec = codec
  }

  /** Encodes the value of a row; `undefined` stands for a row that does not exist. */
  encode(value: Value | undefined): LoadResult<Value> {
    if (value === undefined) return ok({ value: undefined, payload: undefined })
    try {
      return this.#encode(value)
    } catch (error) {
      return err(loadFailed(this.#cache, 'a value cannot be written as JSON', error))
    }
  }

  /** Decodes parsed JSON. Throws what the codec throws. */
  decode(json: unknown): Value {
    return this.#codec === undefined ? (json as Value) : this.#codec.decode(json)
  }

  /** Copies a loaded row, so that a second reader has a value of its own. */
  copy({ payload }: Loaded<Value>): LoadResult<Value> {
    try {
      return ok({
        value: payload === undefined ? undefined : this.decode(JSON.parse(payload)),
        payload,
      })
    } catch (error) {
      return err(loadFailed(this.#cache, 'the codec cannot read what it wrote', error))
    }
  }

  #encode(value: Value): LoadResult<Value> {
    const codec = this.#codec
    const encoded = codec === undefined ? value : codec.encode(value)
    const unsafe = codec === undefined ? findJsonUnsafe(value) : undefined
    if (unsafe !== undefined)
      return err(
        loadFailed(this.#cache, `${unsafe}, which JSON does not keep: the cache needs a codec`),
      )
    const payload = JSON.stringify(encoded) as string | undefined
    if (payload === undefined)
      return err(loadFailed(this.#cache, `the codec made a ${typeof encoded}, which is no JSON`))
    return ok({ value, payload })
  }
}

/** A failed load. With a `cause` it is worth trying again. */
export function loadFailed(cache: string, message: string, cause?: unknown): LoadFailed {
  const failure: LoadFailed = {
    type: 'load-failed',
    cache,
    message: `cache ${cache}: ${message}`,
    retryable: cause !== undefined,
  }
  return withCause(failure, quietError(cause))
}
