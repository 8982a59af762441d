import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { DeadlineExceeded } from '../errors.ts'
import type { Invalidation } from '../invalidation/invalidation.ts'
import type { ResultAsync } from '../result.ts'
import type { CommitWitness } from '../stores/commit-witness.ts'
import type { MongodbStore } from '../stores/mongodb/mongodb-store.ts'
import type { PineconeStore } from '../stores/pinecone/pinecone-store.ts'
import type { PostgresStore } from '../stores/postgres/postgres-store.ts'
import type { Standbys } from '../stores/postgres/standbys.ts'
import type { Hints } from '../stores/redis/hints.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import type { HealthOptions, HealthReport } from './health.ts'
import type { CloseOptions } from './close.ts'
import type { StoresByName } from './store-kinds.ts'

/** The stores of one application, connected. Made by `connect`, ended by `close`. */
export interface Stores extends StoresByName {
  // Declared again for their documentation: derived properties have none.
  /** The source of truth. */
  readonly postgres: PostgresStore
  /** Cache, sessions, rate limits. */
  readonly redis: RedisStore
  /** Activity log and analytics, where configured. */
  readonly mongodb: MongodbStore | undefined
  /** Vector index, where configured. */
  readonly pinecone: PineconeStore | undefined
  /**
   * Keeps the cache in sync with PostgreSQL: holds, intents, the gate.
   *
   * @internal
   */
  readonly invalidation: Invalidation
  /**
   * Tells the relays of other processes of commits with events.
   *
   * @internal
   */
  readonly hints: Hints
  /**
   * Finds out whether the standbys have what was committed.
   *
   * @internal
   */
  readonly standbys: Standbys
  /**
   * Remembers the newest commits with events that were acknowledged.
   *
   * @internal
   */
  readonly witness: CommitWitness
  /** Reports of the SDK about itself. */
  readonly diagnostics: Diagnostics
  /** Where time comes from. */
  readonly clock: Clock
  /**
   * Asks every store how it is: one round trip to each. What a store answers never makes it fail.
   *
   * @throws InvalidOptions when an option breaks a rule.
   */
  health(options?: HealthOptions): Promise<HealthReport>
  /**
   * Whether traffic should be sent here: required stores answer and `close` has not begun. One
   * PostgreSQL round trip.
   */
  isReady(): Promise<boolean>
  /**
   * Whether reads may use the cache at the moment. Otherwise they go to PostgreSQL: Redis is out of
   * reach, has just come back, or an invalidation has not reached it yet.
   */
  readonly isCacheTrusted: boolean
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
   *
   * @throws InvalidOptions when an option breaks a rule; nothing is stopped then.
   */
  close(options?: CloseOptions): ResultAsync<void, DeadlineExceeded>
  /** Closes with the default deadline: `await using stores = …`. */
  [Symbol.asyncDispose](): Promise<void>
}
