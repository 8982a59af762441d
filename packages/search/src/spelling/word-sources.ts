import { errAsync, isMissingTable } from '@headwater/core'
import type { Clock, ResultAsync, SqlError } from '@headwater/core'

/** Where the words of courses are read. */
export type WordSource = 'search_words' | 'courses'

/** The table is looked for again after this time. */
const forgottenAfterMs = 60_000

/**
 * Where the words of courses are: in the table of this package's migrations, or, where they have
 * not run, in the courses alone.
 */
export class WordSources {
  readonly #clock: Clock
  #missingUntilMs = -Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Runs a statement over the words; once more over the courses where the table is missing. */
  use<T>(run: (source: WordSource) => ResultAsync<T, SqlError>): ResultAsync<T, SqlError> {
    if (this.#clock.monotonic() < this.#missingUntilMs) return run('courses')
    return run('search_words').orElse((failure) => {
      if (!isMissingTable(failure)) return errAsync(failure)
      this.#missingUntilMs = this.#clock.monotonic() + forgottenAfterMs
      return run('courses')
    })
  }
}
