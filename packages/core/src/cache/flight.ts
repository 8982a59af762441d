import type { LoadResult } from './loader.ts'

/** What a reader gets from a flight: the value, or the advice to look again. */
export type Outcome<Value> =
  | { readonly kind: 'loaded'; readonly result: LoadResult<Value> }
  | { readonly kind: 'again' }
  | { readonly kind: 'pass'; readonly reason: string }

/**
 * One load of one key in one process, from the lease to the fill. Others may share it if they come
 * before the fill is sent, and get its value if the fill is accepted: only then nobody has changed
 * the row between their question and the fill.
 */
export class Flight<Value> {
  readonly #shared = Promise.withResolvers<Outcome<Value>>()
  #followers = 0
  #canJoin = true

  /** Whether somebody may still share it. */
  get canJoin(): boolean {
    return this.#canJoin
  }

  /** How many share it. */
  get followers(): number {
    return this.#followers
  }

  /** Shares the flight. */
  join(): Promise<Outcome<Value>> {
    this.#followers += 1
    return this.#shared.promise
  }

  /** Takes no more followers: the fill is on its way. */
  close(): void {
    this.#canJoin = false
  }

  /** Tells the followers. */
  land(outcome: Outcome<Value>): void {
    this.#canJoin = false
    this.#shared.resolve(outcome)
  }
}
