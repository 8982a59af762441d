import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { DeadlineExceeded } from '../errors.ts'
import type { Invalidation } from '../invalidation/invalidation.ts'
import type { ResultAsync } from '../result.ts'
import type { HealthOptions, HealthReport } from './health.ts'
import type { CloseOptions } from './close.ts'
import type { StoresByName } from './store-kinds.ts'

/** The stores of one application, connected. Made by `connect`, ended by `close`. */
export interface Stores extends StoresByName {
  /**
   * Keeps the cache in sync with PostgreSQL: holds, intents, the gate.
   *
   * @internal
   */
  readonly invalidation: Invalidation
  /** Reports of the SDK about itself. */
  readonly diagnostics: Diagnostics
  /** Where time comes from. */
  readonly clock: Clock
  /** Asks every store how it is. Never fails; touches every store once. */
  health(options?: HealthOptions): Promise<HealthReport>
  /**
   * Whether traffic should be sent here: required stores answer and `close` has not begun. One
   * PostgreSQL round trip.
   */
  isReady(): Promise<boolean>
  /** Whether `close` has begun. */
  readonly isClosing: boolean
  /**
   * Registers `stop` to be called when `close` begins, before any client is closed, in reverse
   * order of registration: relays and buffers end there. The returned function takes it back.
   */
  beforeClose(stop: (deadlineMs: number) => Promise<void>): () => void
  /**
   * Stops what runs on the stores, drains, and closes the clients that the SDK opened. Idempotent.
   * After the deadline the rest is cut off and the result says so.
   */
  close(options?: CloseOptions): ResultAsync<void, DeadlineExceeded>
  /** Closes with the default deadline: `await using stores = …`. */
  [Symbol.asyncDispose](): Promise<void>
}
