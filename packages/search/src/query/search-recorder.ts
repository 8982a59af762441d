import type { Stores } from '@headwater/core'
import { loggedHit } from './search-log.ts'
import type { LoggedClick, SearchLog } from './search-log.ts'
import type { SearchRequest } from './search-request.ts'
import type { SearchResult } from './search-result.ts'

/** Logs searches. A search never waits for its log, and never fails because of it. */
export class SearchRecorder {
  readonly #log: SearchLog | undefined
  readonly #diagnostics: Stores['diagnostics']

  constructor(log: SearchLog | undefined, { diagnostics }: Pick<Stores, 'diagnostics'>) {
    this.#log = log
    this.#diagnostics = diagnostics
  }

  /** Logs a search with its first page. */
  search({ query, userId }: SearchRequest, result: SearchResult): void {
    const { searchId, hits, mode, durationMs, isCached } = result
    this.#write((log) =>
      log.logSearch({
        searchId,
        userId,
        query,
        resultsCount: hits.length,
        searchType: mode,
        durationMs,
        isCached,
        hits: hits.map(loggedHit),
      }),
    )
  }

  /** Logs a further page of a search. */
  page({ searchId, hits }: SearchResult, shownBefore: number): void {
    const resultsCount = shownBefore + hits.length
    this.#write((log) => log.logPage?.({ searchId, resultsCount, hits: hits.map(loggedHit) }))
  }

  /** Logs a click on a hit. */
  click(click: LoggedClick): void {
    this.#write((log) => log.recordClick?.(click))
  }

  #write(entry: (log: SearchLog) => unknown): void {
    try {
      if (this.#log !== undefined) entry(this.#log)
    } catch (error) {
      this.#diagnostics.emit('activity:dropped', {
        count: 1,
        reason: error instanceof Error ? error.message : String(error),
      })
    }
  }
}
