import { batchesOf, err, ok, okAsync } from '@headwater/core'
import type { Result, ResultAsync, StoreError } from '@headwater/core'
import type { Document } from 'mongodb'
import type { MongodbDatabase } from '../collections.ts'
import type { EventLog } from '../event-log.ts'
import { isForbidden } from '../prepare-collections.ts'
import { completeGathering, prepareQueries, takeTurn, writeQueries } from './asked-collection.ts'
import { figuresOfQueries, usersOfQueries } from './asked-figures.ts'
import type { QueryFigures, QueryUser } from './asked-figures.ts'
import type { Gathered, GatherOptions } from './asked-query.ts'
import { doubtfulSpellings, mergeSpellings, rankQueries } from './merge-spellings.ts'
import type { MergedQuery } from './merge-spellings.ts'

/** Time after which queries are due again. */
const everyMs = 3_600_000

/** Time for one aggregation over the log. */
const aggregateMs = 30_000

/** Time for any other command. */
const commandMs = 10_000

/** Searches that are counted: the newest; where these take too long, a tenth of them. */
const mostSearches = 1_000_000

/** Queries that are kept. */
const mostQueries = 10_000

/** Spellings whose users are told apart, at most. */
const mostDoubtful = 10_000

const perCommand = 1_000

type Use<T> = (database: MongodbDatabase, signal: AbortSignal) => Promise<T>

/** One time that the queries are gathered. */
export class Gathering {
  readonly #log: EventLog
  readonly #nowMs: number
  readonly #options: GatherOptions

  constructor(log: EventLog, nowMs: number, options: GatherOptions) {
    this.#log = log
    this.#nowMs = nowMs
    this.#options = options
  }

  async run(): Promise<Result<Gathered, StoreError>> {
    const { onlyIfDue = false, minUsers } = this.#options
    const othersTurn = onlyIfDue ? await this.#takeTurn() : ok(undefined)
    if (othersTurn.isErr()) return err(othersTurn.error)
    if (othersTurn.value !== undefined)
      return ok({ queries: undefined, dueInMs: Math.max(0, othersTurn.value - this.#nowMs) })
    const figures = await this.#figures()
    if (figures.isErr()) return err(figures.error)
    const merged = mergeSpellings(figures.value, this.#options.formOf)
    const doubtful = await this.#usersOf(doubtfulSpellings(merged, minUsers))
    if (doubtful.isErr()) return err(doubtful.error)
    const ranked = rankQueries(merged, doubtful.value, minUsers).slice(0, mostQueries)
    const written = await this.#write(ranked)
    return written.map(() => ({ queries: ranked.length, dueInMs: everyMs }))
  }

  #takeTurn(): ResultAsync<number | undefined, StoreError> {
    return this.#command((database) => takeTurn(database, this.#nowMs))
  }

  #figures(): ResultAsync<QueryFigures[], StoreError> {
    const [from, now] = [this.#from, new Date(this.#nowMs)]
    const figuresOf = (most: number) =>
      this.#aggregate<QueryFigures>(figuresOfQueries({ from, now, most }), aggregateMs)
    return figuresOf(mostSearches).orElse((failure) =>
      failure.type === 'deadline-exceeded' && this.#options.signal?.aborted !== true
        ? figuresOf(mostSearches / 10)
        : err(failure),
    )
  }

  async #usersOf(spellings: readonly string[]): Promise<Result<QueryUser[], StoreError>> {
    const users: QueryUser[] = []
    const listed = spellings.slice(0, mostDoubtful)
    for (const batch of batchesOf(listed, { maxItems: perCommand })) {
      const pipeline = usersOfQueries(batch, { from: this.#from })
      const found = await this.#aggregate<QueryUser>(pipeline, commandMs)
      if (found.isErr()) return err(found.error)
      users.push(...found.value)
    }
    return ok(users)
  }

  async #write(ranked: readonly MergedQuery[]): Promise<Result<void, StoreError>> {
    const gatheredAt = new Date(this.#nowMs)
    // A client that may not create indexes works without them.
    const prepared = await this.#command(prepareQueries).orElse((failure) =>
      isForbidden(failure) ? okAsync(undefined) : err(failure),
    )
    if (prepared.isErr()) return err(prepared.error)
    let first = 0
    for (const batch of batchesOf(ranked, { maxItems: perCommand })) {
      const place = { first, gatheredAt }
      const written = await this.#command((database) => writeQueries(database, batch, place))
      if (written.isErr()) return err(written.error)
      first += batch.length
    }
    const dueAt = new Date(this.#nowMs + everyMs)
    return this.#command((database) => completeGathering(database, { gatheredAt, dueAt }))
  }

  get #from(): Date {
    return new Date(this.#nowMs - this.#options.days * 86_400_000)
  }

  #aggregate<Row>(pipeline: Document[], maxTimeMS: number): ResultAsync<Row[], StoreError> {
    return this.#command(
      (database, signal) =>
        database
          .collection('search_logs')
          .aggregate<Row & Document>(pipeline, { signal, maxTimeMS, allowDiskUse: true })
          .toArray(),
      maxTimeMS,
    )
  }

  #command<T>(use: Use<T>, deadlineMs: number = commandMs): ResultAsync<T, StoreError> {
    const { signal } = this.#options
    return this.#log.read('gather-queries', use, { deadlineMs, ...(signal && { signal }) })
  }
}
