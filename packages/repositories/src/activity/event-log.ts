import { okAsync } from '@headwater/core'
import type {
  CallOptions,
  MongodbStore,
  ResultAsync,
  SqlError,
  StoreError,
  Stores,
} from '@headwater/core'
import type { ActivityEntry } from './activity-entry.ts'
import { toUserActivity } from './collections.ts'
import type {
  EnrollmentEventDocument,
  MongodbDatabase,
  UserActivityDocument,
} from './collections.ts'
import { insertNew, upsert } from './bulk-write.ts'
import type { RejectedDocument } from './bulk-write.ts'
import { searchUpdate } from './searches/search-update.ts'
import { indexDeadlineMs, isForbidden, prepareCollections } from './prepare-collections.ts'
import { retentionOf } from './retention.ts'
import type { RetentionDays } from './retention.ts'
import type { Erasures } from '../users/erasures.ts'

/** Options of the event log. */
export interface EventLogOptions {
  /** Time for one command, in milliseconds. */
  readonly writeDeadlineMs: number
  /** Days after which documents are deleted; never when absent. */
  readonly retentionDays?: number | RetentionDays | undefined
  /** Receives the users whose activity was written: one may have been deleted by then. */
  readonly erasures?: Erasures
}

/**
 * The collections of the event log in MongoDB. Every write is idempotent. The first one creates the
 * indexes in the background; a client that may not create indexes works without them.
 */
export class EventLog {
  readonly #stores: Stores
  readonly #mongodb: MongodbStore
  readonly #options: EventLogOptions
  #indexes: 'missing' | 'creating' | 'done' = 'missing'

  constructor(stores: Stores, mongodb: MongodbStore, options: EventLogOptions) {
    this.#stores = stores
    this.#mongodb = mongodb
    this.#options = options
  }

  /** Writes buffered entries, one command per kind; returns those that MongoDB refused. */
  write(
    entries: readonly ActivityEntry[],
    options: CallOptions = {},
  ): ResultAsync<readonly RejectedDocument[], StoreError> {
    const activities = entries.filter((entry) => entry.kind === 'activity')
    const searches = entries.filter((entry) => entry.kind !== 'activity')
    return this.#run(
      'activity-write',
      async (database) => [
        ...(await insertNew(database, 'user_activity', activities.map(toUserActivity))),
        ...(await upsert(
          database,
          'search_logs',
          searches.map((entry) => ({ id: entry.id, update: searchUpdate(entry) })),
        )),
      ],
      options,
    ).andTee(() => {
      this.#options.erasures?.followSoon(
        entries.map((entry) => ('userId' in entry ? entry.userId : null)),
      )
    })
  }

  /** Inserts documents made from outbox events; returns those that MongoDB refused. */
  insert(
    documents: EventDocuments,
    signal: AbortSignal,
  ): ResultAsync<readonly RejectedDocument[], StoreError | SqlError> {
    const subjects = [...documents.activities, ...documents.enrollments].flatMap(
      ({ user_id: userId, event_data: data }) => [userId, Number(data['from_user_id'] ?? 0)],
    )
    return this.#run(
      'activity-log',
      async (database) => [
        ...(await insertNew(database, 'user_activity', documents.activities)),
        ...(await insertNew(database, 'enrollment_events', documents.enrollments)),
      ],
      { signal },
    ).andThrough(() => this.#options.erasures?.follow(subjects) ?? okAsync(undefined))
  }

  /** Reads from the collections. */
  read<T>(
    operation: string,
    use: (database: MongodbDatabase, signal: AbortSignal) => Promise<T>,
    options?: CallOptions,
  ): ResultAsync<T, StoreError> {
    return this.#mongodb.run(operation, use, options)
  }

  #run<T>(
    operation: string,
    use: (database: MongodbDatabase) => Promise<T>,
    options: CallOptions = {},
  ): ResultAsync<T, StoreError> {
    this.#ensureIndexes()
    return this.#mongodb.run(operation, use, {
      deadlineMs: this.#options.writeDeadlineMs,
      ...options,
    })
  }

  // Writes need no index, and building one over existing documents takes time: no write waits.
  #ensureIndexes(): void {
    if (this.#indexes !== 'missing') return
    this.#indexes = 'creating'
    const retention = retentionOf(this.#options.retentionDays)
    const ensure = (database: MongodbDatabase) => prepareCollections(database, retention)
    void this.#mongodb.run('activity-indexes', ensure, { deadlineMs: indexDeadlineMs }).match(
      () => {
        this.#indexes = 'done'
      },
      (failure) => {
        this.#indexesFailed(failure)
      },
    )
  }

  #indexesFailed(error: StoreError): void {
    this.#indexes = isForbidden(error) ? 'done' : 'missing'
    this.#stores.diagnostics.emit('store:error', { store: 'mongodb', error })
  }
}

/** Documents by collection. */
export interface EventDocuments {
  /** For `user_activity`. */
  readonly activities: readonly UserActivityDocument[]
  /** For `enrollment_events`. */
  readonly enrollments: readonly EnrollmentEventDocument[]
}
