import { okAsync } from '@headwater/core'
import type {
  CallOptions,
  MongodbStore,
  ResultAsync,
  SqlError,
  StoreError,
  Stores,
} from '@headwater/core'
import type { ActivityEntry, LoggedClick, LoggedSearch } from './activity-entry.ts'
import { ensureIndexes, toUserActivity } from './collections.ts'
import type {
  EnrollmentEventDocument,
  MongodbDatabase,
  SearchLogDocument,
  UserActivityDocument,
} from './collections.ts'
import { insertNew, upsert } from './bulk-write.ts'
import type { RejectedDocument } from './bulk-write.ts'
import type { Erasures } from '../users/erasures.ts'

const indexDeadlineMs = 10_000
const unauthorized = '13'

/** How the event log is written. */
export interface EventLogOptions {
  /** Time for one command, in milliseconds. */
  readonly writeDeadlineMs: number
  /** Days after which documents are removed; absent: never. */
  readonly retentionDays?: number | undefined
  /** Hears whose activity was written, since a user may have been deleted meanwhile. */
  readonly erasures?: Erasures
}

/**
 * The collections of the event log in MongoDB. Every write may be repeated. Indexes are made beside
 * the first; whoever may write but not make indexes can go on without.
 */
export class EventLog {
  readonly #stores: Stores
  readonly #mongodb: MongodbStore
  readonly #options: EventLogOptions
  #indexes: 'missing' | 'in-the-making' | 'settled' = 'missing'

  constructor(stores: Stores, mongodb: MongodbStore, options: EventLogOptions) {
    this.#stores = stores
    this.#mongodb = mongodb
    this.#options = options
  }

  /**
   * Writes a batch of buffered entries: one command per kind. Gives back what MongoDB will never
   * take.
   */
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
        entries.map((entry) => (entry.kind === 'click' ? null : entry.userId)),
      )
    })
  }

  /**
   * Inserts documents that events of the outbox have become; `signal` ends the wait. Gives back
   * what MongoDB will never take.
   */
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

  // Writes need no index, and building one over documents that are there already takes its time:
  // nobody waits for it.
  #ensureIndexes(): void {
    if (this.#indexes !== 'missing') return
    this.#indexes = 'in-the-making'
    const { retentionDays } = this.#options
    const retentionSeconds =
      retentionDays === undefined ? undefined : Math.round(retentionDays * 86_400)
    void this.#mongodb
      .run('activity-indexes', (database) => ensureIndexes(database, retentionSeconds), {
        deadlineMs: indexDeadlineMs,
      })
      .match(
        () => {
          this.#indexes = 'settled'
        },
        (failure) => {
          this.#indexesFailed(failure)
        },
      )
  }

  #indexesFailed(error: StoreError): void {
    const isForbidden = error.type === 'store-refused' && error.code === unauthorized
    this.#indexes = isForbidden ? 'settled' : 'missing'
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

interface SearchLogUpdate {
  readonly $set: Partial<SearchLogDocument>
  readonly $setOnInsert: Partial<SearchLogDocument>
}

// Each sets its own fields, and the other's only where the document is new: so their order does not
// matter.
function searchUpdate(entry: LoggedSearch | LoggedClick): SearchLogUpdate {
  const timestamp = new Date(entry.at)
  if (entry.kind === 'click') {
    return {
      $set: { clicked_result: entry.courseId, click_position: entry.position },
      $setOnInsert: { timestamp },
    }
  }
  const { userId, query, resultsCount, searchType, durationMs, hits } = entry
  const results = hits.map(
    ({ courseId, position, dense = null, lexical = null, rerank = null }) => ({
      course_id: courseId,
      position,
      dense,
      lexical,
      rerank,
    }),
  )
  return {
    $set: {
      user_id: userId,
      query,
      results_count: resultsCount,
      search_type: searchType,
      search_duration_ms: durationMs,
      results,
      timestamp,
    },
    $setOnInsert: { clicked_result: null, click_position: null },
  }
}
