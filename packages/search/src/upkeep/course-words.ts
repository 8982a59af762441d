import { err, failureIn, FailureError, ok, ResultAsync, transaction } from '@headwater/core'
import type { Result, SqlError, Stores, TransactionError } from '@headwater/core'
import { resultsTag } from '../results-tag.ts'
import { compareWords, lockCourses, lockWords, renewWords } from './word-table-queries.ts'
import { countPublished } from './reindex-queries.ts'

/** Options of `verify` and `repair` of the words. */
export interface CourseWordsOptions {
  /** Called after every page. An error it throws ends the comparison. Costs 1 round trip more. */
  readonly onProgress?: (progress: CourseWordsProgress) => void
  /** Ends the comparison early, between two pages; the report covers the pages before. */
  readonly signal?: AbortSignal
}

/** The progress of a comparison of the words. */
export interface CourseWordsProgress {
  /** Courses compared so far. */
  readonly done: number
  /** Courses to compare, about: never less than what is done. */
  readonly total: number
}

/** A comparison of the words that searches read with the courses. */
export interface CourseWordsReport {
  /** Whether everything was compared, and nothing differs any more. */
  readonly isInSync: boolean
  /** Whether everything was compared. */
  readonly isComplete: boolean
  /** Published courses. */
  readonly courses: number
  /** Published courses without words. */
  readonly missing: number
  /** Courses with words that are not published or do not exist. */
  readonly orphaned: number
  /** Courses whose words are not those that this server makes of their texts. */
  readonly stale: number
  /** The number of courses whose words were renewed. */
  readonly repaired: number
}

/** What is wrong with the words of a course. */
type WordsDifference = 'missing' | 'orphaned' | 'stale'

interface ComparedCourse {
  readonly id: number
  readonly is_published: boolean
  readonly kind: WordsDifference | null
}

/** A failure of {@link CourseWords}. */
export type CourseWordsError = SqlError | TransactionError

type Counts = Record<WordsDifference | 'courses' | 'repaired', number>

/** Courses compared with one statement, and renewed in one transaction: tenths of a second. */
const mostCourses = 50
/** The same in bytes of descriptions, but for the last of them. */
const mostBytes = 100_000
/** The time for a page on a server that is busy, in milliseconds. */
const deadlineMs = 30_000

/**
 * The words of the courses, which triggers keep. They stay behind where triggers did not fire (a
 * subscriber of logical replication, a bulk load without them), and where the server makes other
 * words of the same text than the one that made them: PostgreSQL 18 stems otherwise than 17, and an
 * upgrade copies the rows as they are.
 */
export class CourseWords {
  readonly #stores: Stores

  /** @internal */
  constructor(stores: Stores) {
    this.#stores = stores
  }

  /**
   * Compares the words of every course with those that PostgreSQL makes of it now; changes nothing.
   * 1 round trip for every 50 courses, or fewer with long descriptions, of tenths of a second.
   */
  verify(options: CourseWordsOptions = {}): ResultAsync<CourseWordsReport, CourseWordsError> {
    return new ResultAsync(this.#compareAll(options, false))
  }

  /**
   * Compares, and renews the words that differ: a transaction for every page, which holds up those
   * who change the text or the language of one of them, and who enroll in a course that had no
   * words. Cached rankings are forgotten at the end. Earlier pages stay when a later one fails. The
   * role needs to write the tables `search_words` and `search_vocabulary`.
   */
  repair(options: CourseWordsOptions = {}): ResultAsync<CourseWordsReport, CourseWordsError> {
    return new ResultAsync(this.#compareAll(options, true))
  }

  async #compareAll(
    options: CourseWordsOptions,
    isRepair: boolean,
  ): Promise<Result<CourseWordsReport, CourseWordsError>> {
    const counts = { courses: 0, missing: 0, orphaned: 0, stale: 0, repaired: 0 }
    const compared = await this.#comparePages(options, isRepair, counts)
    const forgotten = counts.repaired === 0 ? ok(undefined) : await this.#forgetRankings()
    if (compared.isErr()) return err(compared.error)
    if (forgotten.isErr()) return err(forgotten.error)
    const { missing, orphaned, stale, repaired } = counts
    const isComplete = compared.value
    const isInSync = isComplete && missing + orphaned + stale === repaired
    return ok({ isInSync, isComplete, ...counts })
  }

  /** Adds to the counts; whether all pages were compared. */
  async #comparePages(
    { signal, onProgress }: CourseWordsOptions,
    isRepair: boolean,
    counts: Counts,
  ): Promise<Result<boolean, CourseWordsError>> {
    try {
      const total = onProgress === undefined ? 0 : await this.#countAll()
      let done = 0
      for await (const page of this.#pages()) {
        if (signal?.aborted === true) return ok(false)
        const wrong = page.filter(({ kind }) => kind !== null)
        for (const { kind } of wrong) if (kind !== null) counts[kind] += 1
        counts.courses += page.filter((course) => course.is_published).length
        if (isRepair && wrong.length > 0) {
          await this.#renew(wrong)
          counts.repaired += wrong.length
        }
        done += page.length
        onProgress?.({ done, total: Math.max(total, done) })
      }
      return ok(true)
    } catch (error) {
      return err(failureOf(error))
    }
  }

  async *#pages(): AsyncGenerator<readonly ComparedCourse[]> {
    for (let last = 0; ;) {
      const values = [last, mostCourses, mostBytes]
      const compared = await this.#stores.postgres.query<ComparedCourse>(compareWords, values, {
        deadlineMs,
      })
      if (compared.isErr()) throw new FailureError(compared.error)
      const { rows } = compared.value
      const end = rows.at(-1)
      if (end === undefined) return
      yield rows
      last = end.id
    }
  }

  async #renew(wrong: readonly ComparedCourse[]): Promise<void> {
    const ids = wrong.map(({ id }) => id)
    const missing = wrong.filter(({ kind }) => kind === 'missing').map(({ id }) => id)
    const renewed = await transaction(
      this.#stores,
      async (tx) => {
        // There are no words of theirs to lock.
        if (missing.length > 0) await tx.query(lockCourses, [missing])
        await tx.query(lockWords, [ids])
        // A statement of its own, which sees what was waited for.
        await tx.query(renewWords, [ids])
        return ok(undefined)
      },
      { deadlineMs, maxAttempts: 3 },
    )
    if (renewed.isErr()) throw new FailureError(renewed.error)
  }

  #forgetRankings(): ResultAsync<void, TransactionError> {
    return transaction(this.#stores, (tx) => {
      tx.invalidate(resultsTag)
      return Promise.resolve(ok(undefined))
    })
  }

  async #countAll(): Promise<number> {
    const counted = await this.#stores.postgres.query<{ count: number }>(countPublished, [0])
    if (counted.isErr()) throw new FailureError(counted.error)
    return counted.value.rows[0]?.count ?? 0
  }
}

/** The failure that ended a comparison; any other error is thrown again. */
function failureOf(error: unknown): CourseWordsError {
  const failure = failureIn<CourseWordsError>(error)
  if (failure === undefined) throw error
  return failure
}
