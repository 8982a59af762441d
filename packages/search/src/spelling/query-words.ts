const maxWords = 32
const minPrefixLength = 2

/** The `tsquery` texts of a query of plain words. */
export interface WordQueries {
  /** Satisfied by what has all of them. */
  readonly all: string
  /** Each satisfied by what has that word. */
  readonly each: readonly string[]
}

/**
 * The words of a query, at most 32; `undefined` where it says by quotes or a minus that the whole
 * counts.
 */
export function wordsOf(query: string): readonly string[] | undefined {
  if (/"|(^|\s)-\S/.test(query)) return undefined
  return plainWords(query).slice(0, maxWords)
}

/** What a text has of words: letters and digits, nothing between them. */
export function plainWords(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+/gu) ?? []
}

/**
 * Asks for the words, or for what they may have been meant to be. The last one, which may still be
 * being typed, counts as the beginning of a word too.
 */
export function wordQueries(
  words: readonly string[],
  corrections: ReadonlyMap<string, readonly string[]> = new Map(),
): WordQueries {
  const alternatives = words.map((word, place) => {
    const isUnfinished = place === words.length - 1 && word.length >= minPrefixLength
    return [word, ...(isUnfinished ? [`${word}:*`] : []), ...(corrections.get(word) ?? [])]
  })
  const each = alternatives.map((spellings) =>
    spellings.length === 1 ? spellings.join('') : `(${spellings.join(' | ')})`,
  )
  return { all: each.join(' & '), each }
}
