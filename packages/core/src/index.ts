export { ok, err, okAsync, errAsync, orThrow, safeTry, Result, ResultAsync } from './result.ts'
export type { AsyncResult, Err, Ok } from './result.ts'
export type * from './errors.ts'

export { connect } from './connect/connect.ts'
export type { ConnectError } from './connect/connect.ts'
export { connectOptionsFromEnv } from './connect/connect-env.ts'
export { connectDefaults } from './connect/connect-options.ts'
export type { ConnectOptions } from './connect/connect-options.ts'
export type { MongodbOptions } from './stores/mongodb/mongodb-options.ts'
export type { PineconeOptions } from './stores/pinecone/pinecone-options.ts'
export type { PostgresOptions, ReplicaOptions } from './stores/postgres/postgres-options.ts'
export type { RedisOptions } from './stores/redis/redis-options.ts'
export { readCredential } from './stores/credential.ts'
export type { Credential, CredentialRead } from './stores/credential.ts'
export type { Pem } from './stores/tls/pem.ts'
export type { Tls, TlsOptions } from './stores/tls/tls-options.ts'
export { tlsFetch } from './stores/tls/tls-fetch.ts'
export type { Abortable, CallOptions } from './call-options.ts'
export type { CloseOptions } from './connect/close.ts'
export type {
  LoanOptions,
  PostgresConnection,
  PostgresStore,
} from './stores/postgres/postgres-store.ts'
export type { Freshness, FreshReadOptions } from './stores/postgres/replicas/freshness.ts'
export type { MongodbStore } from './stores/mongodb/mongodb-store.ts'
export type { PineconeDescription, PineconeStore } from './stores/pinecone/pinecone-store.ts'
export type {
  HostRedis,
  RedisCallOptions,
  RedisConnection,
  RedisStore,
  RedisUse,
} from './stores/redis/redis-store.ts'
export type { Stores } from './connect/stores.ts'
export { deadline } from './resilience/deadline.ts'
export type { DeadlineOptions } from './resilience/deadline.ts'
export { createGuard, guardDefaults } from './resilience/guard.ts'
export type { Complaint } from './resilience/complaint.ts'
export type { Guard, GuardedCallOptions, GuardOptions } from './resilience/guard.ts'
export { coreMigrations, migrate, migrateDefaults, planMigrations } from './migrate.ts'
export type { MigrateOptions, MigrationReport } from './migrate.ts'
export type { MigrationFailed } from './migrations/migration-failed.ts'
export type { MigrationSet } from './migrations/migration-set.ts'
export type { PlannedMigration, PlannedStep } from './migrations/plan-migrations.ts'
export type { HealthOptions, HealthReport, StoreHealth } from './connect/health.ts'

export type { SqlClient, SqlResult } from './stores/sql-client.ts'
export { transaction } from './transactions/transaction.ts'
export { transactionDefaults } from './transactions/transaction-options.ts'
export type { TransactionOptions } from './transactions/transaction-options.ts'
export type { Transaction, TransactionWork } from './transactions/transaction-work.ts'

export { beginChange, invalidate } from './transactions/host-change.ts'
export type { Change, ChangeOptions } from './transactions/host-change.ts'
export { invalidationDefaults } from './invalidation/invalidation.ts'
export type { InvalidationOptions } from './invalidation/invalidation.ts'

export { nearDefaults } from './near/near-options.ts'
export type { NearOptions } from './near/near-options.ts'
export { nearMembers } from './near/near-members.ts'
export type { NearMembers } from './near/near-members.ts'

export { defineCache } from './cache/define-cache.ts'
export { inspectKey } from './cache/inspect-key.ts'
export type { InspectedEntry, KeyHolder, KeyInspection } from './cache/inspect-key.ts'
export type { KeyState } from './cache/entry.ts'
export { cacheDefaults } from './cache/cache.ts'
export { cacheKey } from './cache-key.ts'
export type { CacheKey } from './cache-key.ts'
export type {
  Cache,
  CacheOptions,
  CacheReadError,
  Codec,
  LoadFailed,
  ReadOptions,
} from './cache/cache.ts'

export type { Json } from './json/json.ts'
export type { NewEvent, OutboxEvent } from './outbox/log/event.ts'
export { publish, publishDefaults, publishMany } from './outbox/log/publish.ts'
export type { PublishOptions } from './outbox/log/publish.ts'
export { eventLimitsDefaults } from './outbox/log/check-event.ts'
export type { EventLimits } from './outbox/log/check-event.ts'
export { createRelay } from './outbox/relay/create-relay.ts'
export type { Relay } from './outbox/relay/create-relay.ts'
export { relayDefaults } from './outbox/relay/relay-options.ts'
export type { RelayDeadline, RelayOptions } from './outbox/relay/relay-options.ts'
export { outbox } from './outbox/outbox.ts'
export { readVitals } from './vitals/vitals.ts'
export type { ReplicationSlot, SinkVitals, Vitals } from './vitals/vitals.ts'
export type { Outbox } from './outbox/outbox.ts'
export type {
  DeadLetter,
  DeadLetterGroup,
  DeadLetterMatch,
  DeadLetters,
  MarkLimit,
} from './outbox/failures/dead-letters.ts'
export type { ParkedEvents, ParkedGroup, ParkedMatch } from './outbox/failures/parked.ts'
export type { OutboxStatus, ShardOwner, SinkStatus, SnapshotHolder } from './outbox/status.ts'
export type { OutboxRestored, ResetOptions } from './outbox/origin.ts'
export { allDelivered, defineSink, sinkDefaults } from './outbox/sink.ts'
export type { Sink, SinkContext, SinkDefinition, SinkFailure, SinkReport } from './outbox/sink.ts'

export { Diagnostics } from './diagnostics.ts'
export type { Diagnostic, DiagnosticEvents, DiagnosticName } from './diagnostics.ts'
export type { TracedWork, Tracer, Tracing } from './tracing/tracing.ts'
export { logDiagnostics, logDiagnosticsDefaults } from './host/log-diagnostics.ts'
export type { DiagnosticsLogger, LogDiagnosticsOptions, LogLevel } from './host/log-diagnostics.ts'
export { systemClock } from './clock.ts'
export type { Clock } from './clock.ts'

export { createSessions } from './sessions/create-sessions.ts'
export { sessionDefaults } from './sessions/sessions.ts'
export type {
  NewSession,
  PendingRevocation,
  Session,
  SessionOptions,
  Sessions,
  SessionsRevoked,
  SessionStores,
  SessionUserId,
  StartedSession,
} from './sessions/sessions.ts'
export { rebuild, resync } from './resync/resync.ts'
export { resyncDefaults } from './resync/resync-options.ts'
export type { RebuildOptions, ResyncOptions, ResyncScope } from './resync/resync-options.ts'
export type { ResyncIncomplete, ResyncPartReport, ResyncReport } from './resync/resync-report.ts'
export type {
  Restore,
  Resyncable,
  ResyncFinding,
  ResyncFindings,
  ResyncOutcome,
  ResyncWork,
} from './resync/resyncable.ts'
export { rewindSinks } from './outbox/after-restore.ts'
export type { RestoredLog } from './outbox/after-restore.ts'
export { leastIdAt } from './outbox/log/event-id.ts'
export type { RestorePoint } from './outbox/restore-point.ts'
export { addressSubject, addressSubjectDefaults } from './rate-limit/address-subject.ts'
export type { AddressSubjectOptions } from './rate-limit/address-subject.ts'
export { createRateLimiter } from './rate-limit/create-rate-limiter.ts'
export { rateLimiterDefaults } from './rate-limit/rate-limiter.ts'
export type {
  OnUnavailable,
  RateLimitAnswer,
  RateLimiter,
  RateLimiterOptions,
  RateLimiterStores,
  TakeOptions,
} from './rate-limit/rate-limiter.ts'
export { createRateLimits } from './rate-limit/create-rate-limits.ts'
export type {
  LimitSubjects,
  OneLimit,
  RateLimits,
  RateLimitsAnswer,
  RateLimitsOptions,
} from './rate-limit/rate-limits.ts'
export { collectMetrics } from './host/metrics.ts'
export { DurationHistogram, durationBoundsMs } from './host/duration-histogram.ts'
export type { DurationMetric, Metrics, MetricsSnapshot, SinkMetric } from './host/metrics.ts'

export { withCause } from './failure/with-cause.ts'
export { FailureError, failureIn, sqlFailureIn } from './failure/failure-error.ts'
export { coreStatuses, httpStatusOf, publicFailure, retryAfterOf } from './host/http-failure.ts'
export type { AnswerableFailure, FailureStatuses, PublicFailure } from './host/http-failure.ts'
export { goneSignal } from './host/gone-signal.ts'
export type { PendingAnswer } from './host/gone-signal.ts'
export type { NamedOperation } from './failure/given-up.ts'
export { isOutage } from './failure/is-outage.ts'
export { packageMissing } from './failure/package-missing.ts'
export { isViolationOf, notFound, versionConflict } from './refusals.ts'
export { invalidField, invalidInput, isStorable, issuesOf, validate } from './input.ts'
export type { Schema, SchemaAnswer, SchemaError, SchemaIssue } from './input.ts'
export { checkOptions, InvalidOptions, invalidOption } from './check-options.ts'
export { isRowId, maxRowId } from './row-id.ts'
export { formatMoney, minorUnits, parseMoney, subtractMoney } from './money.ts'
export type { Money, MoneyInput } from './money.ts'
export { batchesOf, eachInParallel, forEachInParallel } from './in-batches.ts'
export type { BatchLimits } from './in-batches.ts'
export { CallBudget } from './call-budget.ts'
export { retryAfterMs } from './resilience/retry-after.ts'
export { unreachableReason } from './resilience/unreachable.ts'
export { startTimer } from './resilience/timer.ts'
export { unlessAborted } from './resilience/unless-aborted.ts'
export { within } from './resilience/within.ts'
export { isMissingTable, missingTableAs } from './stores/postgres/missing-table.ts'
export { digest } from './digest.ts'
export { hash32 } from './hash32.ts'
export { GuessedReads } from './cache/guessed-reads.ts'
export type { ReadRows } from './cache/guessed-reads.ts'
export { RecentMap } from './recent-map.ts'

// Schemas of the sibling packages' input. Their types are those of zod, which no declaration names.
/** @internal */
export { credentialRule } from './stores/credential.ts'
/** @internal */
export { tlsRule } from './stores/tls/tls-options.ts'
/** @internal */
export { once } from './once.ts'
/** @internal */
export { rowId, storableText } from './input.ts'
/** @internal */
export { languageTag } from './language-tag.ts'
/** @internal */
export { oneOrMore } from './one-or-more.ts'
/** @internal */
export { option, strictOptions } from './check-options.ts'
/** @internal */
export type { OptionRules } from './check-options.ts'
/** @internal */
export { money } from './money.ts'

// What the command line needs and a host does not.
/** @internal */
export { connectUnready } from './connect/connect.ts'
/** @internal */
export { findRefusal } from './outbox/origin.ts'
