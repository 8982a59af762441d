import { batchesOf, CallBudget, err, errAsync, ok, okAsync } from '@headwater/core'
import type { Clock, DeadlineExceeded, Result, ResultAsync, StoreError } from '@headwater/core'
import type { Document } from 'mongodb'
import type { MongodbDatabase } from '../collections.ts'
import type { EventLog } from '../event-log.ts'
import { isForbidden } from '../prepare-collections.ts'
import { everyMs, prepareQueries, writeQueries } from './asked-collection.ts'
import { figuresOfQueries, usersOfQueries } from './asked-figures.ts'
import type { QueryFigures, QueryUser } from './asked-figures.ts'
import type { Gathered, GatherOptions } from './asked-query.ts'
import { doubtfulSpellings, mergeSpellings } from './merge-spellings.ts'
import { rankQueries } from './rank-queries.ts'
import type { RankedQuery } from './rank-queries.ts'
import { beginTurn, completeTurn, leaseMs, postponeTurn } from './turn.ts'
import type { Turn } from './turn.ts'

/** Time for the whole: none goes on when another process takes its turn over. */
const wholeMs = leaseMs - 30_000

/** Time for one aggregation over the log. */
const aggregateMs = 30_000

/** Time for any other command. */
const commandMs = 10_000

/** Searches that are counted: the newest; where these take too long, a tenth of them. */
const mostSearches = 1_000_000

/** Queries that are kept. */
const mostQueries = 10_000

const perCommand = 1_000

/** A longer reply would take the process's turn to be read. */
const perReply = 5_000

/** Code of a server that has no time left for a command. */
const timeExpired = 50

type Use<T> = (database: MongodbDatabase, signal: AbortSignal) => Promise<T>

/** One time that the queries are gathered. */
export class Gathering {
  readonly #log: EventLog
  readonly #clock: Clock
  readonly #options: GatherOptions
  readonly #budget: CallBudget

  constructor(log: EventLog, clock: Clock, options: GatherOptions) {
    this.#log = log
    this.#clock = clock
    this.#options = options
    this.#budget = new CallBudget(clock, { deadlineMs: wholeMs })
  }

  async run(): Promise<Result<Gathered, StoreError>> {
    const { onlyIfDue = false } = this.#options
    const turn = { onlyIfDue, ownMs: this.#clock.now() }
    const begun = await this.#command((database) => beginTurn(database, turn))
    if (begun.isErr()) return err(begun.error)
    const { isTaken, dueAt, nowMs } = begun.value
    if (!isTaken) return ok({ queries: undefined, dueInMs: Math.max(0, dueAt.getTime() - nowMs) })
    const gathered = await this.#gather(begun.value)
    if (gathered.isErr() && onlyIfDue) await this.#postpone(begun.value)
    return gathered.map((queries) => ({ queries, dueInMs: everyMs }))
  }

  async #gather(turn: Turn): Promise<Result<number, StoreError>> {
    const { minUsers, formOf } = this.#options
    const isOver = (): boolean => this.#isOver()
    const from = new Date(turn.nowMs - this.#options.days * 86_400_000)
    const figures = await this.#figures(from, new Date(turn.nowMs))
    if (figures.isErr()) return err(figures.error)
    const merged = await mergeSpellings(figures.value, { formOf, minUsers, isOver })
    const users = await this.#usersOf(doubtfulSpellings(merged, minUsers), from)
    if (users.isErr()) return err(users.error)
    const ranked = await rankQueries(merged, { users: users.value, minUsers, isOver })
    // Of a gathering that ended early, nothing is written: it would take away what others found.
    if (isOver()) return err(expired(wholeMs))
    const kept = ranked.slice(0, mostQueries)
    const written = await this.#write(kept, turn)
    return written.map(() => kept.length)
  }

  #figures(from: Date, now: Date): ResultAsync<QueryFigures[], StoreError> {
    const figuresOf = (most: number) =>
      this.#aggregate<QueryFigures>(figuresOfQueries({ from, now, most }), aggregateMs)
    return figuresOf(mostSearches).orElse((failure) =>
      failure.type === 'deadline-exceeded' && !this.#isOver()
        ? figuresOf(mostSearches / 10)
        : err(failure),
    )
  }

  async #usersOf(
    spellings: readonly string[],
    from: Date,
  ): Promise<Result<QueryUser[], StoreError>> {
    const batches: QueryUser[][] = []
    for (const batch of batchesOf(spellings, { maxItems: perCommand })) {
      const found = await this.#aggregate<QueryUser>(usersOfQueries(batch, { from }), commandMs)
      if (found.isErr()) return err(found.error)
      batches.push(found.value)
    }
    return ok(batches.flat())
  }

  async #write(ranked: readonly RankedQuery[], turn: Turn): Promise<Result<void, StoreError>> {
    const { gatheredAt } = turn
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
    return this.#command((database) => completeTurn(database, turn))
  }

  /** What has failed would fail again in a few minutes, for every process in its turn. */
  async #postpone(turn: Turn): Promise<void> {
    if (this.#options.signal?.aborted === true) return
    const postpone = (database: MongodbDatabase) => postponeTurn(database, turn)
    await this.#log.read('gather-queries', postpone, { deadlineMs: commandMs }).match(
      () => undefined,
      // The turn ends by itself, and the store has reported the failure.
      () => undefined,
    )
  }

  #isOver(): boolean {
    return this.#options.signal?.aborted === true || this.#leftMs() <= 1
  }

  #leftMs(): number {
    return this.#budget.left().deadlineMs ?? 0
  }

  #aggregate<Row>(pipeline: Document[], maxTimeMS: number): ResultAsync<Row[], StoreError> {
    const options = { maxTimeMS, allowDiskUse: true, batchSize: perReply }
    return this.#command(
      (database, signal) =>
        database
          .collection('search_logs')
          .aggregate<Row & Document>(pipeline, { ...options, signal })
          .toArray()
          .catch(unlessExpired),
      maxTimeMS,
    ).andThen((rows) => (rows === undefined ? errAsync(expired(maxTimeMS)) : ok(rows)))
  }

  #command<T>(use: Use<T>, mostMs: number = commandMs): ResultAsync<T, StoreError> {
    const { signal } = this.#options
    const deadlineMs = Math.min(mostMs, this.#leftMs())
    return this.#log.read('gather-queries', use, { deadlineMs, ...(signal && { signal }) })
  }
}

function unlessExpired(error: unknown): undefined {
  if ((error as { code?: unknown }).code !== timeExpired) throw error
}

function expired(deadlineMs: number): DeadlineExceeded {
  return {
    type: 'deadline-exceeded',
    store: 'mongodb',
    operation: 'gather-queries',
    deadlineMs,
    message: `mongodb had no time left for \`gather-queries\` after ${deadlineMs} ms at most`,
    retryable: true,
  }
}
