import type { Pinecone } from '@pinecone-database/pinecone'
import type { MongoClient } from 'mongodb'
import type { Pool } from 'pg'
import type { RedisConnection } from '../stores/redis/redis-store.ts'

/**
 * Options of `connect` for PostgreSQL, validated, with every default filled in. Exactly one of
 * `url` and `pool` is there.
 */
export interface PostgresSettings {
  readonly url?: string | undefined
  readonly pool?: Pool | undefined
  readonly schema: string
  readonly maxConnections: number
  readonly idleTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  readonly serverStatementTimeout: boolean
  readonly statementDeadlineMs: number
  readonly prepare: boolean
  readonly reservedConnections: number
}

/** The same for Redis. Exactly one of `url`, `rootNodes` and `client` is there. */
export interface RedisSettings {
  readonly url?: string | undefined
  readonly rootNodes?: readonly string[] | undefined
  readonly client?: RedisConnection | undefined
  readonly keyPrefix: string
  readonly deadlineMs: number
  readonly connectTimeoutMs: number
  readonly required: boolean
}

/** The same for MongoDB. Exactly one of `url` and `client` is there. */
export interface MongodbSettings {
  readonly url?: string | undefined
  readonly client?: MongoClient | undefined
  readonly database: string
  readonly deadlineMs: number
  readonly maxConnections: number
  readonly required: boolean
}

/** The same for Pinecone. Exactly one of `apiKey` and `client` is there. */
export interface PineconeSettings {
  readonly apiKey?: string | undefined
  readonly client?: Pinecone | undefined
  readonly index: string
  readonly host?: string | undefined
  readonly controllerHostUrl?: string | undefined
  readonly deadlineMs: number
  readonly required: boolean
}

/** The whole. */
export interface ConnectSettings {
  readonly postgres: PostgresSettings
  readonly redis: RedisSettings
  readonly mongodb: MongodbSettings | undefined
  readonly pinecone: PineconeSettings | undefined
  readonly connectDeadlineMs: number
}
