import { isUnspaced, searchText } from '../../spelling/search-text.ts'

/** A range of a text in UTF-16 code units, as `text.slice(start, end)` takes it. */
export interface TextRange {
  /** The first unit. */
  readonly start: number
  /** The unit after the last. */
  readonly end: number
}

/** A word where it stands in a text. */
export interface TextWord extends TextRange {
  /** The word in compared form. */
  readonly word: string
}

// Names such as C++ and C#, then letters and digits, each with its accents and joiners.
const pattern =
  /(?<![\p{L}\p{N}])(?:c\+\+|[a-z]#)|[\p{L}\p{N}][\p{L}\p{M}\p{N}\u00ad\u200b-\u200d\ufe00-\ufe0f]*/giu
const character = /[\p{L}\p{N}][\p{M}\ufe00-\ufe0f]*/gu

/**
 * The words of a text, in order; each character of a script without spaces is one. `compare` is
 * {@link searchText}, or the same with what it has returned remembered.
 */
export function textWords(text: string, compare: typeof searchText = searchText): TextWord[] {
  return [...text.matchAll(pattern)].flatMap(({ 0: token, index }) => {
    const word = compare(token)
    if (!isUnspaced(word)) return wordAt(word, { start: index, end: index + token.length })
    return [...token.matchAll(character)].flatMap((each) => {
      const start = index + each.index
      return wordAt(compare(each[0]), { start, end: start + each[0].length })
    })
  })
}

function wordAt(word: string, range: TextRange): TextWord[] {
  return word === '' ? [] : [{ word, ...range }]
}
