import { isUnspaced } from '../spelling/search-text.ts'
import type { QueryWord } from '../spelling/query-words.ts'

/** The words of a query for PostgreSQL, each text a `tsquery`. */
export interface WordQueries {
  /** Each matches courses with that word. */
  readonly each: readonly string[]
  /** The same with their accents. */
  readonly marked: readonly string[]
  /** Each matches courses with another spelling of that word; null where it has none. */
  readonly spellings: readonly (string | null)[]
  /** Each matches courses with a synonym of that word; null where it has none. */
  readonly synonyms: readonly (string | null)[]
  /** Each matches courses with a word that begins with that one; null for a finished word. */
  readonly unfinished: readonly (string | null)[]
  /** Each matches courses with exactly that word in the title. */
  readonly exact: readonly string[]
  /** Matches courses with exactly these words in the title, in a row. */
  readonly title: string
}

/** Writes words as queries. */
export function wordQueries(words: readonly QueryWord[]): WordQueries {
  return {
    each: words.map(({ parts }) => partsQuery(parts)),
    marked: words.map(({ marked }) => partsQuery(marked)),
    spellings: words.map(({ spellings }) =>
      spellings.length === 0 ? null : oneOf(spellings.map(quoted)),
    ),
    synonyms: words.map(({ synonyms }) =>
      synonyms.length === 0
        ? null
        : oneOf(synonyms.map((synonym) => `(${synonym.map(quoted).join(' <-> ')})`)),
    ),
    unfinished: words.map(({ parts, isUnfinished }) =>
      isUnfinished ? `${quoted(parts.join(''))}:*` : null,
    ),
    exact: words.map((word) => oneOf([inTitle(word.parts), ...word.spellings.map(titled)])),
    title: inTitle(words.flatMap(({ parts }) => parts)),
  }
}

function partsQuery(parts: readonly string[]): string {
  const operator = isUnspaced(parts.join('')) ? ' <-> ' : ' & '
  return parts.length === 1 ? parts.map(quoted).join('') : `(${parts.map(quoted).join(operator)})`
}

function inTitle(parts: readonly string[]): string {
  return parts.length === 1 ? parts.map(titled).join('') : `(${parts.map(titled).join(' <-> ')})`
}

function titled(word: string): string {
  return `${quoted(word)}:A`
}

function oneOf(queries: readonly string[]): string {
  return queries.length === 1 ? queries.join('') : `(${queries.join(' | ')})`
}

/** A word holds letters and digits: neither a quote nor a backslash. */
function quoted(word: string): string {
  return `'${word}'`
}
