import type { LoadResult } from './codec.ts'
import type { LoadScope } from '../load-scope.ts'

/** The outcome of a flight for one reader: the value, or the advice to look again or to bypass. */
export type Outcome<Value> =
  | { readonly kind: 'loaded'; readonly result: LoadResult<Value> }
  | { readonly kind: 'again' }
  | { readonly kind: 'bypass'; readonly reason: string }

/**
 * One load of one key in one process, from the lease to the fill.
 *
 * Other readers may share it if they join before the fill is sent. They get its value if the fill
 * is accepted: only then has no writer changed the row between their question and the fill.
 */
export class Flight<Value> {
  readonly #shared = Promise.withResolvers<Outcome<Value>>()
  readonly #scope: LoadScope | undefined
  #followers = 0
  #canJoin = true

  /** `scope` is the load whose loader began the flight. */
  constructor(scope: LoadScope | undefined) {
    this.#scope = scope
  }

  /** Whether the fill has not been sent yet. */
  get canJoin(): boolean {
    return this.#canJoin
  }

  /** Whether a reader in this scope may wait for it without waiting for itself. */
  isSafeFor(scope: LoadScope | undefined): boolean {
    return scope === undefined || scope === this.#scope
  }

  /** Number of readers that share it. */
  get followers(): number {
    return this.#followers
  }

  /** Shares the flight. */
  join(): Promise<Outcome<Value>> {
    this.#followers += 1
    return this.#shared.promise
  }

  /** Accepts no more followers: the fill is about to be sent. */
  close(): void {
    this.#canJoin = false
  }

  /** Hands the outcome to the followers. */
  land(outcome: Outcome<Value>): void {
    this.#canJoin = false
    this.#shared.resolve(outcome)
  }
}
