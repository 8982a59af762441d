import { err, ok, okAsync } from '@headwater/core'
import type { CallOptions, Clock, ResultAsync, StoreError, StoreName } from '@headwater/core'
import { type IndexMismatch, type IndexShape, mismatchOf } from './index-mismatch.ts'

/** Dependencies of {@link IndexLook}. */
export interface IndexLookDeps {
  /** The store that has the index. */
  readonly store: StoreName
  /** Name of the index. */
  readonly index: string
  /** What the index must be made for. */
  readonly needed: IndexShape
  /** Asks the index. */
  readonly look: (options: CallOptions) => ResultAsync<IndexShape, StoreError>
  readonly clock: Clock
}

/** An index can be replaced by another of the same name. */
const lookAgainMs = 60_000

/** A look must not take the time of the call that it is for. */
const lookDeadlineMs = 1_000

/**
 * Looks whether an index is made for the vectors that it is given: at the first call, then once a
 * minute, and whenever the index refuses a call. Costs one request each time, for which a call
 * waits a second at most. A look that fails says nothing about the index: the next call looks.
 */
export class IndexLook {
  readonly #deps: IndexLookDeps
  #seenAtMs = -Infinity
  #underWay: ResultAsync<void, IndexMismatch> | undefined

  constructor(deps: IndexLookDeps) {
    this.#deps = deps
  }

  /** Looks before the call, which stores something. */
  before<T, E>(
    call: () => ResultAsync<T, E>,
    options: CallOptions = {},
  ): ResultAsync<T, E | IndexMismatch> {
    return this.#look(options)
      .andThen(call)
      .orElse((failure) => this.#explained<T, E>(failure, options))
  }

  /** Looks beside the call, which stores nothing. */
  beside<T, E>(
    call: () => ResultAsync<T, E>,
    options: CallOptions = {},
  ): ResultAsync<T, E | IndexMismatch> {
    const looked = this.#look(options)
    const answer = call()
    return looked.andThen(() => answer).orElse((failure) => this.#explained<T, E>(failure, options))
  }

  #look(options: CallOptions): ResultAsync<void, IndexMismatch> {
    const { clock } = this.#deps
    if (clock.monotonic() - this.#seenAtMs < lookAgainMs) return okAsync(undefined)
    this.#underWay ??= this.#compare(options)
    return this.#underWay
  }

  #compare(options: CallOptions): ResultAsync<void, IndexMismatch> {
    const { needed, look, clock, ...named } = this.#deps
    const deadlineMs = Math.min(options.deadlineMs ?? Infinity, lookDeadlineMs)
    return look({ deadlineMs })
      .map((found) => ({ mismatch: mismatchOf(named, needed, found), seenAtMs: clock.monotonic() }))
      .orElse(() => ok({ mismatch: undefined, seenAtMs: -Infinity }))
      .andThen(({ mismatch, seenAtMs }) => {
        this.#underWay = undefined
        this.#seenAtMs = mismatch === undefined ? seenAtMs : -Infinity
        return mismatch === undefined ? ok(undefined) : err(mismatch)
      })
  }

  /** A refusal may have the reason that the index was replaced since the last look. */
  #explained<T, E>(
    failure: E | IndexMismatch,
    options: CallOptions,
  ): ResultAsync<T, E | IndexMismatch> {
    const { type } = failure as { readonly type?: string }
    const looked = type === 'store-refused' ? this.#lookAnew(options) : okAsync(undefined)
    return looked.andThen(() => err<T, E | IndexMismatch>(failure))
  }

  #lookAnew(options: CallOptions): ResultAsync<void, IndexMismatch> {
    this.#seenAtMs = -Infinity
    return this.#look(options)
  }
}
