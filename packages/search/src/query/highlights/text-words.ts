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

/** The words of a text, in order; each character of a script without spaces is one. */
export function textWords(text: string): TextWord[] {
  return [...text.matchAll(pattern)].flatMap(({ 0: token, index }) => {
    const word = searchText(token)
    if (!isUnspaced(word)) return wordAt(token, index)
    return [...token.matchAll(character)].flatMap((each) => wordAt(each[0], index + each.index))
  })
}

function wordAt(token: string, start: number): TextWord[] {
  const word = searchText(token)
  return word === '' ? [] : [{ word, start, end: start + token.length }]
}
