import { errAsync, once, ResultAsync, storableText, validate } from '@headwater/core'
import type { InvalidInput, StoreError, StoreUnavailable, Stores } from '@headwater/core'
import * as z from 'zod/mini'
import type { EventLog } from '../event-log.ts'
import { splitOptions } from '../../split-options.ts'
import { readQueries } from './asked-collection.ts'
import type { AskedQueriesOptions, AskedQuery, Gathered, GatherOptions } from './asked-query.ts'
import { Gathering } from './gathering.ts'

const minUsers = once(() => z.int().check(z.minimum(2)))
const inputs = once(() => ({
  reading: z.strictObject({
    form: storableText(500),
    minUsers: minUsers(),
    limit: z.int().check(z.minimum(1), z.maximum(100)),
  }),
  gathering: z.strictObject({
    formOf: z.custom<GatherOptions['formOf']>(
      (value) => typeof value === 'function',
      'must be a function',
    ),
    minUsers: minUsers(),
    days: z.number().check(z.positive(), z.maximum(730)),
    onlyIfDue: z.optional(z.boolean()),
  }),
}))

/** The queries that several users have asked, in a small collection of their own. */
export class AskedQueries {
  readonly #stores: Stores
  readonly #log: EventLog | undefined

  /** @internal */
  constructor(stores: Stores, log: EventLog | undefined) {
    this.#stores = stores
    this.#log = log
  }

  /**
   * Reads the gathered queries whose form begins so: those with a click first, and of these the
   * most asked. One MongoDB round trip on an index, however long the log is.
   */
  beginningWith(
    form: string,
    options: AskedQueriesOptions,
  ): ResultAsync<readonly AskedQuery[], InvalidInput | StoreError> {
    const { call, asked } = splitOptions(options, 'signal', 'deadlineMs')
    return validate(inputs().reading, { ...asked, form }).asyncAndThen((input) => {
      const request = { ...input, now: this.#stores.clock.now() }
      if (this.#log === undefined) return errAsync(noMongodb)
      return this.#log.read(
        'asked-queries',
        (database, signal) => readQueries(database, request, signal),
        call,
      )
    })
  }

  /**
   * Gathers the queries anew from the log of searches. Those that several users asked, and that no
   * more users found nothing with, are kept, 10,000 at most; all others are gone. Of the days that
   * count, the newest 1,000,000 searches do. Any process may gather at any time, and one may die
   * meanwhile: what was found before answers until then. The clock is the server's. About 40
   * MongoDB round trips; the first of them takes as long as the server needs to read those
   * searches, 30 seconds at most, and the whole 150 seconds. Where the server needs longer, a tenth
   * of the searches counts; where that fails too, the queries are due again after an hour.
   */
  gather(options: GatherOptions): ResultAsync<Gathered, InvalidInput | StoreError> {
    const { call, asked } = splitOptions(options, 'signal')
    return validate(inputs().gathering, asked).asyncAndThen((input) => {
      if (this.#log === undefined) return errAsync(noMongodb)
      const gathering = new Gathering(this.#log, this.#stores.clock, { ...input, ...call })
      return new ResultAsync(gathering.run())
    })
  }
}

const noMongodb: StoreUnavailable = {
  type: 'store-unavailable',
  message: 'no MongoDB is configured',
  retryable: false,
  store: 'mongodb',
  operation: 'asked-queries',
}
