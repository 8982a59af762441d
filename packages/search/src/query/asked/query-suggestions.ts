import { deadline, okAsync } from '@headwater/core'
import type { InvalidInput, ResultAsync, StoreError, Stores } from '@headwater/core'
import type { AskedQuery, Gathered, QueryForm } from '@headwater/repositories'
import { contained } from '../../contained.ts'
import type { SuggestRequest } from '../../spelling/suggest.ts'
import type { QueryLog, SearchLog } from '../search-log.ts'
import { BlockedTerms } from './blocked-terms.ts'
import { formOf, suggestedForm } from './query-form.ts'
import { querySuggestionDefaults } from './query-suggestion-options.ts'
import type { QuerySuggestionOptions } from './query-suggestion-options.ts'

/** A query that completes what was typed. */
export interface QuerySuggestion {
  /**
   * The query, as most people write it; in one word where too few write it in the same words.
   * Escape it where it becomes HTML.
   */
  readonly query: string
}

/** What came of refreshing the suggestions. */
export interface QueriesRefreshed {
  /** The number of queries that may be suggested. */
  readonly queries: number
}

/** Dependencies of {@link QuerySuggestions}. */
export interface QuerySuggestionDeps {
  readonly stores: Stores
  readonly log: SearchLog | undefined
  /** Time for one read, in milliseconds. */
  readonly deadlineMs: number
}

type Failure = InvalidInput | StoreError

/** How many times as many are read where some may be blocked. */
const spare = 4

/** The most that are read. */
const mostRead = 100

/** Time after which a process looks again after a failure; the log knows when it is due. */
const retryMs = 180_000

/** No answer of a log makes a process ask more often, or more rarely. */
const [leastWaitMs, mostWaitMs] = [1_000, 3_600_000]

/** Queries of others that begin as typed, refreshed once an hour by a process that is asked. */
export class QuerySuggestions {
  readonly #deps: QuerySuggestionDeps
  readonly #minUsers: number
  readonly #days: number
  readonly #blocked: BlockedTerms
  readonly #closing = new AbortController()
  #lookAtMs = -Infinity

  constructor(deps: QuerySuggestionDeps, options: QuerySuggestionOptions = {}) {
    this.#deps = deps
    this.#minUsers = options.minUsers ?? querySuggestionDefaults.minUsers
    this.#days = options.days ?? querySuggestionDefaults.days
    this.#blocked = new BlockedTerms(options.blocked ?? [])
    deps.stores.beforeClose(async () => {
      this.#closing.abort()
    })
  }

  /** The queries that begin as typed. One round trip of the log; a refresh goes on beside it. */
  suggest({ prefix, limit }: SuggestRequest): ResultAsync<readonly QuerySuggestion[], Failure> {
    const { log, deadlineMs } = this.#deps
    const form = formOf(prefix)
    const queries = log?.queries
    if (queries === undefined || form === '') return okAsync([])
    this.#refreshWhereDue(queries)
    const most = this.#blocked.isEmpty ? limit : Math.min(spare * limit, mostRead)
    const asked = { minUsers: this.#minUsers, limit: most, deadlineMs }
    return deadline(async () => await answered(() => queries.beginningWith(form, asked)), {
      ms: deadlineMs,
      ...operation,
    })
      .andThen((found) => found)
      .map((found) =>
        found
          .filter((one) => !this.#isBlocked(one))
          .slice(0, limit)
          .map(({ query }) => ({ query })),
      )
  }

  /** Gathers them now. */
  refresh(): ResultAsync<QueriesRefreshed, Failure> {
    const queries = this.#deps.log?.queries
    if (queries === undefined) return okAsync({ queries: 0 })
    return this.#gather(queries, { onlyIfDue: false }).map(({ queries: count = 0 }) => ({
      queries: count,
    }))
  }

  #refreshWhereDue(queries: QueryLog): void {
    const { clock, diagnostics } = this.#deps.stores
    if (clock.monotonic() < this.#lookAtMs || this.#closing.signal.aborted) return
    this.#lookAtMs = clock.monotonic() + retryMs
    void this.#gather(queries, { onlyIfDue: true }).match(
      ({ dueInMs }) => {
        const waitMs = Math.min(Math.max(dueInMs, leastWaitMs), mostWaitMs)
        this.#lookAtMs = clock.monotonic() + waitMs
      },
      (error) => {
        if (error.type === 'invalid-input' || this.#closing.signal.aborted) return
        diagnostics.emit('store:error', { store: error.store, error })
      },
    )
  }

  #isBlocked({ query, isJoined = false }: AskedQuery): boolean {
    return isJoined ? this.#blocked.areWithin(query) : this.#blocked.areIn(query)
  }

  #formOf(query: string): QueryForm | undefined {
    const suggested = suggestedForm(query)
    return suggested === undefined || this.#blocked.areIn(suggested.text) ? undefined : suggested
  }

  #gather(
    queries: QueryLog,
    { onlyIfDue }: { readonly onlyIfDue: boolean },
  ): ResultAsync<Gathered, Failure> {
    const gathering = { minUsers: this.#minUsers, days: this.#days, onlyIfDue }
    return answered(() =>
      queries.gather({
        ...gathering,
        formOf: (query) => this.#formOf(query),
        signal: this.#closing.signal,
      }),
    )
  }
}

const operation = { store: 'mongodb', operation: 'suggest-queries' } as const

/** The answer of a log, which may be the host's own. */
function answered<T>(ask: () => ResultAsync<T, Failure>): ResultAsync<T, Failure> {
  return contained({ ...operation, who: 'the log of searches' }, ask, isObject)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
