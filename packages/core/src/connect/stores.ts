import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { DeadlineExceeded } from '../errors.ts'
import type { Invalidation } from '../invalidation/invalidation.ts'
import type { ResultAsync } from '../result.ts'
import type { HealthOptions, HealthReport } from './health.ts'
import type { PostgresStore } from '../stores/postgres/postgres-store.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import type { MongodbStore } from '../stores/mongodb/mongodb-store.ts'
import type { PineconeStore } from '../stores/pinecone/pinecone-store.ts'
import type { CloseOptions } from './close.ts'

/** The four stores of one application, connected. Made by `connect`, ended by `close`. */
export interface Stores {
  /** The source of truth. */
  readonly postgres: PostgresStore
  /** Cache, sessions, rate limits. */
  readonly redis: RedisStore
  /** Activity log and analytics, where configured. */
  readonly mongodb: MongodbStore | undefined
  /** Vector index, where configured. */
  readonly pinecone: PineconeStore | undefined
  /**
   * Keeps the cache in step with PostgreSQL: holds, intents, the gate.
   *
   * @internal
   */
  readonly invalidation: Invalidation
  /** What the SDK has to say about itself. */
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
   * Has `stop` called when `close` begins, before any client is closed, in reverse order of
   * registration: relays and buffers end there. The returned function takes it back.
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
