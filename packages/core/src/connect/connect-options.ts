import type { Pinecone } from '@pinecone-database/pinecone'
import type { MongoClient } from 'mongodb'
import type { Pool } from 'pg'
import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { InvalidationOptions } from '../invalidation/invalidation.ts'
import type { RedisConnection } from '../stores/redis/redis-store.ts'

/** How to reach PostgreSQL: either `url` or `pool`. */
export interface PostgresOptions {
  /** `postgresql://user:password@host:port/database`. */
  readonly url?: string
  /**
   * A pool of the host's own, used and never closed. Its size and timeouts are the host's;
   * `statementTimeoutMs` limits it on this side only.
   */
  readonly pool?: Pool
  /**
   * The schema that holds the tables.
   *
   * @defaultValue `'public'`
   */
  readonly schema?: string
  /**
   * Connections at most.
   *
   * @defaultValue `20`
   */
  readonly maxConnections?: number
  /**
   * Time after which an idle connection is closed, in milliseconds.
   *
   * @defaultValue `30_000`
   */
  readonly idleTimeoutMs?: number
  /**
   * Time to wait for a connection, new or free, in milliseconds.
   *
   * @defaultValue `2_000`
   */
  readonly connectTimeoutMs?: number
  /**
   * Time a statement may take on the server, in milliseconds; `0` for no limit. When the server
   * stays silent a second longer, the connection is closed.
   *
   * @defaultValue `30_000`
   */
  readonly statementTimeoutMs?: number
  /**
   * Whether `statementTimeoutMs` is announced to the server when connecting. A PgBouncer refuses
   * that unless its `ignore_startup_parameters` has `statement_timeout`: switch it off there and
   * the limit holds on this side alone.
   *
   * @defaultValue `true`
   */
  readonly serverStatementTimeout?: boolean
  /**
   * Whether statements with parameters are prepared. Switch it off behind a pooler that does not
   * support prepared statements.
   *
   * @defaultValue `true`
   */
  readonly prepare?: boolean
  /**
   * Connections that stand outside the pool for what must not wait for it; opened when first
   * needed.
   *
   * @defaultValue `2`
   */
  readonly reservedConnections?: number
}

/** How to reach Redis: one of `url`, `rootNodes` and `client`. */
export interface RedisOptions {
  /** `redis://` or `rediss://user:password@host:port/database`. */
  readonly url?: string
  /** URLs of some nodes of a cluster; the others are found through them. */
  readonly rootNodes?: readonly string[]
  /** A client or cluster of the host's own, connected by the host, used and never closed. */
  readonly client?: RedisConnection
  /**
   * Goes in front of every key, for instance `shop:`.
   *
   * @defaultValue `''`
   */
  readonly keyPrefix?: string
  /**
   * Time a command has, in milliseconds.
   *
   * @defaultValue `100`
   */
  readonly deadlineMs?: number
  /**
   * Time a connection has to be made and to greet, in milliseconds.
   *
   * @defaultValue `2_000`
   */
  readonly connectTimeoutMs?: number
  /**
   * Whether the application is useless without it.
   *
   * @defaultValue `false`
   */
  readonly required?: boolean
}

/** How to reach MongoDB: either `url` or `client`. Needs the package `mongodb`. */
export interface MongodbOptions {
  /** `mongodb://` or `mongodb+srv://`. */
  readonly url?: string
  /** A client of the host's own, used and never closed. */
  readonly client?: MongoClient
  /** Name of the database. */
  readonly database: string
  /**
   * Time an operation has, in milliseconds.
   *
   * @defaultValue `2_000`
   */
  readonly deadlineMs?: number
  /**
   * Connections at most.
   *
   * @defaultValue `20`
   */
  readonly maxConnections?: number
  /**
   * Whether the application is useless without it.
   *
   * @defaultValue `false`
   */
  readonly required?: boolean
}

/**
 * How to reach Pinecone: either `apiKey` or `client`. Needs the package
 * `@pinecone-database/pinecone`.
 */
export interface PineconeOptions {
  /** The API key. */
  readonly apiKey?: string
  /**
   * A client of the host's own. HTTP status and Retry-After stay hidden then, and a deadline leaves
   * the request running.
   */
  readonly client?: Pinecone
  /** Name of the index. */
  readonly index: string
  /** Host of the index, which spares looking it up by name. */
  readonly host?: string
  /** URL of the control plane, where it is not Pinecone's own. */
  readonly controllerHostUrl?: string
  /**
   * Time an operation has, in milliseconds.
   *
   * @defaultValue `5_000`
   */
  readonly deadlineMs?: number
  /**
   * Whether the application is useless without it.
   *
   * @defaultValue `false`
   */
  readonly required?: boolean
}

/** Options of `connect`. */
export interface ConnectOptions extends InvalidationOptions {
  /** The source of truth; always required. */
  readonly postgres: PostgresOptions
  /** Cache, sessions, rate limits. */
  readonly redis: RedisOptions
  /** Activity log and analytics. */
  readonly mongodb?: MongodbOptions
  /** Vector index. */
  readonly pinecone?: PineconeOptions
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
   * Where the SDK reports about itself; hand one in to hear what happens while connecting.
   *
   * @defaultValue a new one, found at `stores.diagnostics`
   */
  readonly diagnostics?: Diagnostics
}

/** Defaults of {@link ConnectOptions}. */
export const connectDefaults = {
  connectDeadlineMs: 10_000,
  postgres: {
    schema: 'public',
    maxConnections: 20,
    idleTimeoutMs: 30_000,
    connectTimeoutMs: 2_000,
    statementTimeoutMs: 30_000,
    serverStatementTimeout: true,
    prepare: true,
    reservedConnections: 2,
  },
  redis: { keyPrefix: '', deadlineMs: 100, connectTimeoutMs: 2_000, required: false },
  mongodb: { deadlineMs: 2_000, maxConnections: 20, required: false },
  pinecone: { deadlineMs: 5_000, required: false },
} as const
