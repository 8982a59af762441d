const maxWords = 32
const minPrefixLength = 2

/** The words of a query for PostgreSQL, each a `tsquery` as text. */
export interface WordQueries {
  /** Matches courses with all the words. */
  readonly all: string
  /** Each matches courses with that word. */
  readonly each: readonly string[]
}

/** The words of a query, at most 32; `undefined` for a query with operators: quotes or a minus. */
export function wordsOf(query: string): readonly string[] | undefined {
  if (/"|(^|\s)-\S/.test(query)) return undefined
  return plainWords(query).slice(0, maxWords)
}

/** The words of a text: runs of letters and digits. */
export function plainWords(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+/gu) ?? []
}

/**
 * The words as queries, each with its corrections. The last word may be unfinished, so it also
 * matches words that start with it.
 */
export function wordQueries(
  words: readonly string[],
  corrections: ReadonlyMap<string, readonly string[]> = new Map(),
): WordQueries {
  const alternatives = words.map((word, index) => {
    const isUnfinished = index === words.length - 1 && word.length >= minPrefixLength
    return [word, ...(isUnfinished ? [`${word}:*`] : []), ...(corrections.get(word) ?? [])]
  })
  const each = alternatives.map((spellings) =>
    spellings.length === 1 ? spellings.join('') : `(${spellings.join(' | ')})`,
  )
  return { all: each.join(' & '), each }
}
