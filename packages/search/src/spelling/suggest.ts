import { CallBudget, errAsync, okAsync } from '@headwater/core'
import type { CallOptions, ResultAsync, SqlError, Stores } from '@headwater/core'
import type { Corrections, Spelling } from './spelling.ts'
import { selectSuggestions } from './suggest-queries.ts'

/** A course that a half-typed query may mean. */
export interface Suggestion {
  /** The course. */
  readonly courseId: number
  /** Its title. */
  readonly title: string
}

/** Dependencies of {@link suggestCourses}. */
export interface SuggestDeps {
  readonly stores: Stores
  readonly spelling: Spelling
  readonly deadlineMs: number
}

/**
 * Titles with words that start with those of the prefix: 1 PostgreSQL round trip. When there are
 * none, 2 more to correct misspelt words.
 */
export function suggestCourses(
  { stores, spelling, deadlineMs }: SuggestDeps,
  { prefix, limit }: SuggestRequest,
): ResultAsync<readonly Suggestion[], SqlError> {
  const budget = new CallBudget(stores.clock, { deadlineMs })
  const words = prefix.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  return select(stores, { words, limit }, budget.left()).andThen((found) => {
    if (found.length > 0) return okAsync(found)
    return spelling
      .correctionsOf(words, budget.left())
      .orElse((error) =>
        error.type === 'store-unavailable' ? errAsync(error) : okAsync<Corrections>(new Map()),
      )
      .andThen((corrections) =>
        corrections.size === 0
          ? okAsync(found)
          : select(stores, { words, limit, corrections }, budget.left()),
      )
  })
}

/** A request for suggestions. */
export interface SuggestRequest {
  /** Normalised. */
  readonly prefix: string
  /** The most suggestions. */
  readonly limit: number
}

interface Wanted {
  readonly words: readonly string[]
  readonly limit: number
  readonly corrections?: Corrections
}

function select(
  stores: Stores,
  { words, limit, corrections = new Map() }: Wanted,
  options: CallOptions,
): ResultAsync<readonly Suggestion[], SqlError> {
  // A word is letters and digits: no character is special in a regular expression.
  const patterns = words.map(
    (word) => String.raw`\m(${[word, ...(corrections.get(word) ?? [])].join('|')})`,
  )
  const longest = patterns.toSorted((left, right) => right.length - left.length)[0]
  const whole = `^${patterns.join(String.raw`\w*\W+`)}`
  return stores.postgres
    .query<{ id: number; title: string }>(
      selectSuggestions,
      [longest, patterns, whole, limit],
      options,
    )
    .map(({ rows }) => rows.map(({ id, title }) => ({ courseId: id, title })))
}
