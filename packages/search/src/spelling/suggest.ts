import { CallBudget, errAsync, okAsync, ResultAsync } from '@headwater/core'
import type { SqlError, Stores } from '@headwater/core'
import type { Languages } from './languages.ts'
import type { Corrections, Spelling } from './spelling.ts'
import { plainWords, queryWords } from './query-words.ts'
import { beginningsQuery, selectSuggestions, wordPattern } from './suggest-queries.ts'
import { searchText } from './search-text.ts'
import type { WordSources } from './word-sources.ts'

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
  readonly sources: WordSources
  readonly languages: Languages
  readonly deadlineMs: number
}

/**
 * Titles with words that start with those of the prefix, in the form in which a search compares
 * them: without case and accents, joined or apart. 1 PostgreSQL round trip. When there are none, 2
 * more to correct misspelt words.
 */
export function suggestCourses(
  deps: SuggestDeps,
  { prefix, limit }: SuggestRequest,
): ResultAsync<readonly Suggestion[], SqlError> {
  const { stores, spelling, languages, deadlineMs } = deps
  const budget = new CallBudget(stores.clock, { deadlineMs })
  return select(deps, { prefix, limit }, budget).andThen((found) => {
    if (found.length > 0) return okAsync(found)
    return ResultAsync.fromSafePromise(Promise.resolve(languages.others()))
      .andThen((configurations) =>
        spelling.correctionsOf(plainWords(prefix), { ...budget.left(), configurations }),
      )
      .orElse((error) =>
        error.type === 'store-unavailable' ? errAsync(error) : okAsync<Corrections>(new Map()),
      )
      .andThen((corrections) =>
        corrections.size === 0
          ? okAsync(found)
          : select(deps, { prefix, limit, corrections }, budget),
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

interface Wanted extends SuggestRequest {
  readonly corrections?: Corrections
}

function select(
  { stores, sources }: SuggestDeps,
  { prefix, limit, corrections = new Map() }: Wanted,
  budget: CallBudget,
): ResultAsync<readonly Suggestion[], SqlError> {
  const words = wordsOf(prefix).map((word) => [word, ...(corrections.get(joined(word)) ?? [])])
  const wanted = {
    search_words: beginningsQuery(queryWords(prefix, corrections)),
    courses: words.map(wordPattern),
  }
  const isBegun = beginsWith(words)
  return sources
    .use((source) =>
      stores.postgres.query<{ id: number; title: string }>(
        selectSuggestions(source),
        [wanted[source], prefix],
        budget.left(),
      ),
    )
    .map(({ rows }) =>
      rows
        .map(({ id, title }) => ({ courseId: id, title, isBegun: isBegun(title) }))
        .sort((one, other) => Number(other.isBegun) - Number(one.isBegun))
        .slice(0, limit)
        .map(({ courseId, title }) => ({ courseId, title })),
    )
}

/** Whether a title begins with words, each in one of its spellings, joined or apart. */
function beginsWith(words: readonly (readonly string[])[]): (title: string) => boolean {
  const compared = words.map((spellings) => spellings.map(joined))
  const whole = compared.map(([typed]) => typed).join('')
  return (title) => {
    const started = plainWords(title)
    return (
      started.join('').startsWith(whole) ||
      compared.every((spellings, place) =>
        spellings.some((spelling) => started[place]?.startsWith(spelling)),
      )
    )
  }
}

/** A word in compared form, written as one. */
function joined(word: string): string {
  return searchText(word).replaceAll(' ', '')
}

/** The words as they are typed, with what ends `C++` and `C#`. */
function wordsOf(prefix: string): readonly string[] {
  return prefix.match(/[\p{L}\p{M}\p{N}]+[+#]*/gu) ?? []
}
