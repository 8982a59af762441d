export { ok, err, okAsync, errAsync, orThrow, safeTry, Result, ResultAsync, UnexpectedFailure } from './result.ts'
export type { AsyncResult, Err, Ok } from './result.ts'
export type * from './errors.ts'

export { connect } from './stores/connect.ts'
export type { ConnectError } from './stores/connect.ts'
export { connectDefaults } from './stores/connect-options.ts'
export type { ConnectOptions, MongodbOptions, PineconeOptions, PostgresOptions, RedisOptions } from './stores/connect-options.ts'
export { StatementFailed } from './stores/stores.ts'
export type { CallOptions, CloseOptions, LoanOptions, MongodbStore, PineconeStore, PostgresConnection, PostgresStore, RedisConnection, RedisStore, Stores } from './stores/stores.ts'
export type { HealthOptions, HealthReport, StoreHealth } from './stores/health.ts'

export type { SqlClient, SqlResult } from './transactions/sql-client.ts'
export { transaction, transactionDefaults } from './transactions/transaction.ts'
export type { Transaction, TransactionOptions, TransactionWork } from './transactions/transaction.ts'

export { cacheKey } from './cache/cache-key.ts'
export type { CacheKey } from './cache/cache-key.ts'
export type { Cache, CacheOptions, CacheReadError, Codec, LoadFailed, ReadOptions } from './cache/cache.ts'

export type { Json, NewEvent, OutboxEvent } from './outbox/event.ts'
export { allDelivered, defineSink } from './outbox/sink.ts'
export type { Sink, SinkContext, SinkFailure, SinkReport } from './outbox/sink.ts'

export { Diagnostics } from './diagnostics.ts'
export type { DiagnosticEvents, DiagnosticName } from './diagnostics.ts'
export { systemClock } from './clock.ts'
export type { Clock } from './clock.ts'
