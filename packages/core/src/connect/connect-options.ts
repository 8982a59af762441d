import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { InvalidationOptions } from '../invalidation/invalidation.ts'
import type { NearOptions } from '../near/near-options.ts'
import type { MongodbOptions } from '../stores/mongodb/mongodb-options.ts'
import type { PineconeOptions } from '../stores/pinecone/pinecone-options.ts'
import type { PostgresOptions } from '../stores/postgres/postgres-options.ts'
import type { RedisOptions } from '../stores/redis/redis-options.ts'
import { type DefaultsOf, defaultsOf } from '../stores/option-table.ts'
import {
  type ConnectedName,
  kindsByName,
  type storeKinds,
  type StoreOptions,
} from './store-kinds.ts'

/** Options of `connect`. */
export interface ConnectOptions extends StoreOptions {
  // Declared again for their documentation: derived properties have none.
  /** The source of truth; always required. */
  readonly postgres: PostgresOptions
  /** Cache, sessions, rate limits. */
  readonly redis: RedisOptions
  /** Activity log and analytics. */
  readonly mongodb?: MongodbOptions
  /** Vector index. */
  readonly pinecone?: PineconeOptions
  /** How the cache is kept in sync with PostgreSQL. */
  readonly invalidation?: InvalidationOptions
  /**
   * Lets every cache answer with values that this process keeps itself. Give it to every process
   * that changes what they hold, with `maxBytes: 0` where it reads nothing.
   *
   * @defaultValue no cache does, except those with `near` of their own
   */
  readonly near?: NearOptions
  /**
   * Time that `connect` waits for the required stores, in milliseconds.
   *
   * @defaultValue `10_000`
   */
  readonly connectDeadlineMs?: number
  /**
   * Where time comes from.
   *
   * @defaultValue the machine's clock
   */
  readonly clock?: Clock
  /**
   * Where the SDK reports; hand one in to hear what happens while connecting.
   *
   * @defaultValue a new one, found at `stores.diagnostics`
   */
  readonly diagnostics?: Diagnostics
}

type StoreDefaults = {
  readonly [Name in ConnectedName]: DefaultsOf<(typeof storeKinds)[Name]['options']>
}

/** Defaults of {@link ConnectOptions}. */
export const connectDefaults = {
  connectDeadlineMs: 10_000,
  ...(Object.fromEntries(
    kindsByName.map(([name, kind]) => [name, defaultsOf(kind.options)]),
  ) as StoreDefaults),
} as const
