import { randomUUID } from 'node:crypto'
import { errAsync, ok } from '@headwater/core'
import type { InvalidInput, Result, ResultAsync, StoreUnavailable, Stores, TransactionError } from '@headwater/core'
import { z } from 'zod'
import { validate } from '../input.ts'
import { encodeCursor, toPage } from '../page.ts'
import type { Page } from '../page.ts'
import { write } from '../sql.ts'
import type { ActivityBuffer } from './activity-buffer.ts'
import type { ActivityEntry, LoggedActivity } from './activity-entry.ts'
import { activityRecorded } from './activity-events.ts'
import { activityInput, activityListInput, commonActivityTypes, durableActivityInput, searchClickInput, searchLogInput } from './activity-input.ts'
import type { ActivityTypes } from './activity-input.ts'
import type {
  ActivityEvent, ActivityListOptions, ActivityRecord, DurableActivityEvent, ReadActivityError, SearchClick, SearchLogEntry,
} from './activity.ts'
import { toActivityRecord } from './collections.ts'
import type { UserActivityDocument } from './collections.ts'
import type { EventLog } from './event-log.ts'

/**
 * What an {@link ActivityRepository} is made of; without MongoDB there is no log, and what is recorded is dropped.
 */
export interface ActivityParts {
  /** The stores. */
  readonly stores: Stores
  /** The event log in MongoDB. */
  readonly log: EventLog | undefined
  /** What waits for it. */
  readonly buffer: ActivityBuffer | undefined
  /** What the data must be, by type. */
  readonly types?: ActivityTypes | undefined
}

/**
 * The activity log: what users did, what they searched for and what they clicked.
 */
export class ActivityRepository {
  readonly #parts: ActivityParts
  readonly #event: ReturnType<typeof activityInput>
  readonly #events: z.ZodArray<ReturnType<typeof activityInput>>
  readonly #durable: ReturnType<typeof durableActivityInput>

  /** @internal */
  constructor(parts: ActivityParts) {
    const types = { ...commonActivityTypes, ...parts.types }
    this.#parts = parts
    this.#event = activityInput(types)
    this.#events = z.array(this.#event).max(10_000)
    this.#durable = durableActivityInput(types)
  }

  /**
   * Takes an event for the log and gives back its id, at once: no store is waited for, and none's failure reaches the caller. What is taken
   * is written within half a second; while MongoDB is down it waits in PostgreSQL. It is lost when the process is killed before.
   */
  record(event: ActivityEvent): Result<string, InvalidInput> {
    return validate(this.#event, event).map((input) => this.#add(input))
  }

  /**
   * Takes many events, all or none; as {@link record}.
   */
  recordMany(events: readonly ActivityEvent[]): Result<readonly string[], InvalidInput> {
    return validate(z.strictObject({ events: this.#events }), { events }).map((input) => input.events.map((event) => this.#add(event)))
  }

  /**
   * Commits an event to the outbox, from where it reaches the log whatever is killed meanwhile. 3 PostgreSQL round trips.
   */
  recordDurably(event: DurableActivityEvent): ResultAsync<void, InvalidInput | TransactionError> {
    return validate(this.#durable, event).asyncAndThen(({ userId = null, type, data = {}, timestamp }) =>
      write(this.#parts.stores, async (tx) => {
        tx.publish(activityRecorded({ userId, type, data, timestamp: (timestamp ?? this.#now()).toISOString() }))
        return ok(undefined)
      }))
  }

  /**
   * Takes note of a search and gives back its id, at once; as {@link record}.
   */
  logSearch(search: SearchLogEntry): Result<string, InvalidInput> {
    return validate(searchLogInput, search).map(({ searchId = randomUUID(), userId = null, ...entry }) => {
      this.#take({ ...entry, kind: 'search', id: searchId, at: this.#now().getTime(), userId })
      return searchId
    })
  }

  /**
   * Takes note of which result of a search was clicked, at once; as {@link record}. A later click replaces an earlier one.
   */
  recordClick(click: SearchClick): Result<void, InvalidInput> {
    return validate(searchClickInput, click).map(({ searchId, courseId, position }) => {
      this.#take({ kind: 'click', id: searchId, at: this.#now().getTime(), courseId, position })
    })
  }

  /**
   * Lists activity, newest first: of a user, of a type, of a time, or any of these together. One MongoDB round trip, on an index.
   */
  list(options: ActivityListOptions = {}): ResultAsync<Page<ActivityRecord>, ReadActivityError> {
    return validate(activityListInput, options).asyncAndThen((input) => {
      const { log } = this.#parts
      if (log === undefined) return errAsync(noMongodb)
      return log.read('activity-list', (database, signal) => database.collection<UserActivityDocument>('user_activity')
        .find(activityFilter(input), { signal }).sort({ timestamp: -1, _id: -1 }).limit(input.limit + 1).toArray())
        .map((documents) => toPage(documents.map(toActivityRecord), input.limit, cursorOf))
    })
  }

  /**
   * Writes what was taken so far, to MongoDB or, while that is down, to PostgreSQL. Not needed before `close`, which does the same.
   */
  async flush(): Promise<void> {
    await this.#parts.buffer?.flush()
  }

  #add({ userId = null, type, data = {}, metadata = {}, timestamp }: z.output<ReturnType<typeof activityInput>>): string {
    const entry: LoggedActivity = { kind: 'activity', id: randomUUID(), at: (timestamp ?? this.#now()).getTime(), userId, type, data, metadata }
    this.#take(entry)
    return entry.id
  }

  #take(entry: ActivityEntry): void {
    const { buffer, stores } = this.#parts
    if (buffer === undefined) stores.diagnostics.emit('activity:dropped', { count: 1, reason: 'no-mongodb' })
    else buffer.add(entry)
  }

  #now(): Date {
    return new Date(this.#parts.stores.clock.now())
  }
}

const noMongodb: StoreUnavailable = {
  type: 'store-unavailable', message: 'no MongoDB is configured', retryable: false, store: 'mongodb', operation: 'activity-list',
}

function activityFilter({ userId, type, from, to, cursor }: z.output<typeof activityListInput>): object {
  const conditions: object[] = []
  if (userId !== undefined) conditions.push({ user_id: userId })
  if (type !== undefined) conditions.push({ event_type: type })
  if (from !== undefined) conditions.push({ timestamp: { $gte: from } })
  if (to !== undefined) conditions.push({ timestamp: { $lt: to } })
  if (cursor !== undefined) conditions.push(before(new Date(cursor[0]), cursor[1]))
  return conditions.length === 0 ? {} : { $and: conditions }
}

function before(timestamp: Date, id: string): object {
  return { $or: [{ timestamp: { $lt: timestamp } }, { timestamp, _id: { $lt: id } }] }
}

function cursorOf(last: ActivityRecord): string {
  return encodeCursor('activity', [last.timestamp.getTime(), last.id])
}
