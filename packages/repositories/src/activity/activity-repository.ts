import { randomUUID } from 'node:crypto'
import { errAsync, ok, okAsync, Result, validate } from '@headwater/core'
import type {
  Abortable,
  CallOptions,
  InvalidInput,
  ResultAsync,
  SqlError,
  Stores,
  Transaction,
  TransactionError,
} from '@headwater/core'
import * as z from 'zod/mini'
import type { EncryptionFailed } from '../encryption/encryption-failed.ts'
import type { Page } from '../page.ts'
import { write } from '../sql.ts'
import { splitOptions } from '../split-options.ts'
import { ActivityAnalytics } from './analytics/activity-analytics.ts'
import type { ActivityBuffer } from './activity-buffer.ts'
import { ActivityCheck, type CheckedActivity, fromInput } from './activity-check.ts'
import type { ActivityEntry, LoggedActivity } from './activity-entry.ts'
import { readBacklog, readSpillStatus } from './activity-spill.ts'
import type { ActivityBacklog, SpillStatus } from './activity-spill.ts'
import { activityRecorded } from './activity-events.ts'
import { ActivityIds } from './activity-id.ts'
import {
  activityInput,
  activityListInput,
  durableActivityInput,
  searchClickInput,
  searchLogInput,
  searchPageInput,
} from './activity-input.ts'
import { noMongodb, readActivityPage } from './activity-page.ts'
import { type ActivityTypes, commonActivityTypes } from './activity-types.ts'
import type {
  ActivityEvent,
  ActivityListOptions,
  ActivityRecord,
  DurableActivityEvent,
  ReadActivityError,
  SearchClick,
  SearchLogEntry,
  SearchPageEntry,
} from './activity.ts'
import type { ActivitySealing } from './sealed/activity-sealing.ts'
import { AskedQueries } from './asked/asked-queries.ts'
import type { EventLog } from './event-log.ts'
import { openRecords } from './sealed/open-records.ts'
import type { Redactor } from './redaction.ts'
import { acceptSearch, type CheckedSearch } from './searches/search-check.ts'

/**
 * Dependencies of an {@link ActivityRepository}. Without MongoDB there is no log, and recorded
 * activity is dropped.
 */
export interface ActivityDeps {
  /** The stores. */
  readonly stores: Stores
  /** The event log in MongoDB. */
  readonly log: EventLog | undefined
  /** The buffer in front of it. */
  readonly buffer: ActivityBuffer | undefined
  /** Entries that may wait in PostgreSQL. */
  readonly maxSpilled: number
  /** Schemas of the data, by type. */
  readonly types?: ActivityTypes | undefined
  /** Redacts fields that must not leave the process. */
  readonly redactor?: Redactor | undefined
  /** Encrypts fields. */
  readonly sealing?: ActivitySealing | undefined
}

/** The activity log: activity of users, their searches and their clicks. */
export class ActivityRepository {
  /** Figures over the activity log. */
  readonly analytics: ActivityAnalytics
  /** The queries that several users have asked. */
  readonly queries: AskedQueries
  readonly #deps: ActivityDeps
  readonly #check: ActivityCheck
  readonly #ids = new ActivityIds()
  readonly #redactor: Redactor | undefined
  readonly #event: ReturnType<typeof activityInput>
  readonly #events: z.ZodMiniObject<{ events: z.ZodMiniArray<ReturnType<typeof activityInput>> }>
  readonly #durable: ReturnType<typeof durableActivityInput>

  /** @internal */
  constructor(deps: ActivityDeps) {
    const types = { ...commonActivityTypes(), ...deps.types }
    this.#deps = deps
    this.analytics = new ActivityAnalytics(deps.log)
    this.queries = new AskedQueries(deps.stores, deps.log)
    this.#check = new ActivityCheck(types)
    this.#redactor = deps.redactor
    this.#event = activityInput(types)
    this.#events = z.strictObject({ events: z.array(this.#event).check(z.maxLength(maxEvents)) })
    this.#durable = durableActivityInput(types)
  }

  /**
   * Records an activity and returns its id, within microseconds: it waits for no store, and no
   * store's failure reaches the caller. A copy is written within half a second, a process's
   * activity in the order of the calls, which is also the order of the ids. While MongoDB is down
   * it waits in PostgreSQL. A process that is killed loses what it has not written.
   */
  record(event: ActivityEvent): Result<string, InvalidInput | EncryptionFailed> {
    const checked = this.#check.accept(event)
    if (checked !== undefined) return this.#add(checked)
    return validate(this.#event, event).andThen((input) => this.#add(fromInput(input)))
  }

  /** Records many activities, all or none, at most 10,000; otherwise like {@link record}. */
  recordMany(
    events: readonly ActivityEvent[],
  ): Result<readonly string[], InvalidInput | EncryptionFailed> {
    const checked = this.#acceptMany(events)
    if (checked !== undefined) return this.#addMany(checked)
    return validate(this.#events, { events }).andThen((input) =>
      this.#addMany(input.events.map(fromInput)),
    )
  }

  /**
   * Records an activity in the outbox, from where it reaches the log whatever process is killed.
   * Two PostgreSQL round trips; with `tx` none, and it commits with the caller's transaction.
   */
  recordDurably(
    event: DurableActivityEvent,
    tx?: Transaction,
  ): ResultAsync<void, InvalidInput | TransactionError> {
    return validate(this.#durable, event)
      .map((input) => this.#durableEvent(input))
      .asyncAndThen((durable) => {
        if (tx === undefined)
          return write(this.#deps.stores, async (own) => ok(own.publish(durable)))
        return okAsync(tx.publish(durable))
      })
  }

  /** Records a search and returns its id, at once; otherwise like {@link record}. */
  logSearch(search: SearchLogEntry): Result<string, InvalidInput> {
    const checked = acceptSearch(search)
    if (checked !== undefined) return ok(this.#takeSearch(checked))
    return validate(searchLogInput(), search).map((input) => this.#takeSearch(input))
  }

  /**
   * Records a further page of a search, at once; otherwise like {@link record}. It counts as a part
   * of its search, not as a search.
   */
  logPage(page: SearchPageEntry): Result<void, InvalidInput> {
    return validate(searchPageInput(), page).map(({ searchId: id, resultsCount, hits = [] }) => {
      this.#take({ kind: 'page', id, at: this.#now(), resultsCount, hits })
    })
  }

  /**
   * Records a click on a result of a search, at once; otherwise like {@link record}. A search can
   * have several; its document names them all, and the last one.
   */
  recordClick(click: SearchClick): Result<void, InvalidInput> {
    return validate(searchClickInput(), click).map(({ searchId, courseId, position }) => {
      this.#take({ kind: 'click', id: searchId, at: this.#now(), courseId, position })
    })
  }

  /**
   * Lists activity, newest first: of a user, of a type, of a period, or any of these together. One
   * MongoDB round trip on an index; a second one where a page ends among several records of one
   * millisecond.
   */
  list(
    options: ActivityListOptions & Abortable = {},
  ): ResultAsync<Page<ActivityRecord>, ReadActivityError> {
    const { call, asked } = splitOptions(options, 'signal')
    return validate(activityListInput(), asked).asyncAndThen((input) => {
      const { log } = this.#deps
      if (log === undefined) return errAsync(noMongodb)
      return log
        .read(
          'activity-list',
          (database, signal) => readActivityPage(database, input, { signal }),
          call,
        )
        .andThen(({ items, nextCursor }) =>
          openRecords(this.#deps.sealing, items).map((opened) => ({ items: opened, nextCursor })),
        )
    })
  }

  /**
   * Writes the activity recorded so far, to MongoDB or, while that is down, to PostgreSQL. Not
   * needed before `close`, which does the same.
   */
  async flush(): Promise<void> {
    await this.#deps.buffer?.flush()
  }

  /**
   * Tells how much activity of all processes waits in PostgreSQL while MongoDB does not take it.
   * One PostgreSQL round trip, which counts every entry.
   */
  spilled(): ResultAsync<SpillStatus, SqlError> {
    return readSpillStatus(this.#deps)
  }

  /** How much activity is not in MongoDB yet. One PostgreSQL round trip, whatever the number. */
  backlog(options?: CallOptions): ResultAsync<ActivityBacklog, SqlError> {
    return readBacklog(this.#deps, options)
  }

  #acceptMany(events: readonly ActivityEvent[]): CheckedActivity[] | undefined {
    if (!Array.isArray(events) || events.length > maxEvents) return undefined
    const accepted: CheckedActivity[] = []
    for (let index = 0; index < events.length; index += 1) {
      const checked = this.#check.accept(events[index])
      if (checked === undefined) return undefined
      accepted.push(checked)
    }
    return accepted
  }

  #add(activity: CheckedActivity): Result<string, EncryptionFailed> {
    return this.#sealed(this.#entryOf(activity)).map((entry) => {
      this.#take(entry)
      return entry.id
    })
  }

  #addMany(activities: readonly CheckedActivity[]): Result<string[], EncryptionFailed> {
    return Result.combine(activities.map((activity) => this.#sealed(this.#entryOf(activity)))).map(
      (entries) => {
        for (const entry of entries) this.#take(entry)
        return entries.map(({ id }) => id)
      },
    )
  }

  #entryOf({ userId, type, data, metadata, at }: CheckedActivity): LoggedActivity {
    const now = this.#now()
    const id = this.#ids.next(now)
    const entry = { kind: 'activity', id, at: at ?? now, userId, type, data, metadata } as const
    return this.#redactor === undefined ? entry : this.#redactor.redact(entry)
  }

  #sealed(entry: LoggedActivity): Result<LoggedActivity, EncryptionFailed> {
    const { sealing } = this.#deps
    if (sealing === undefined) return ok(entry)
    return sealing
      .seal(entry.metadata, ['user_activity', entry.id])
      .map((metadata) => ({ ...entry, metadata }))
  }

  #durableEvent({
    userId = null,
    type,
    data = {},
    timestamp,
  }: z.output<ReturnType<typeof durableActivityInput>>) {
    const activity = { data, metadata: {} }
    const redacted = this.#redactor?.redact(activity) ?? activity
    return activityRecorded({
      userId,
      type,
      data: redacted.data,
      timestamp: (timestamp ?? new Date(this.#now())).toISOString(),
    })
  }

  #takeSearch(search: CheckedSearch): string {
    const {
      searchId: id = randomUUID(),
      userId = null,
      isCached = null,
      hits = [],
      ...entry
    } = search
    this.#take({ ...entry, kind: 'search', id, at: this.#now(), userId, isCached, hits })
    return id
  }

  #take(entry: ActivityEntry): void {
    const { buffer, stores } = this.#deps
    if (buffer !== undefined) buffer.add(entry)
    else stores.diagnostics.emit('activity:dropped', { count: 1, reason: 'no-mongodb' })
  }

  #now(): number {
    return this.#deps.stores.clock.now()
  }
}

const maxEvents = 10_000
