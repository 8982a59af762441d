import { isUnspaced, markedText, searchText } from './search-text.ts'

const maxWords = 32
const minPrefixLength = 2

/** The words of another term, in compared form: a course has them in a row. */
export type Synonym = readonly string[]

/** A word of a query, or several that are written as one. */
export interface QueryWord {
  /** Its parts in compared form: two of `node.js`, two neighbouring characters of Chinese. */
  readonly parts: readonly string[]
  /** The same with their accents. */
  readonly marked: readonly string[]
  /** Other spellings: joined with a neighbour, or corrected. */
  readonly spellings: readonly string[]
  /** What else the host lets it find. */
  readonly synonyms: readonly Synonym[]
  /** Whether it may be the beginning of a word. */
  readonly isUnfinished: boolean
}

/**
 * The words of a text, at most 32. Each may also be written as one with its neighbours; the last
 * one may be unfinished. `corrections` has further spellings of words, `synonyms` those of each.
 */
export function queryWords(
  text: string,
  corrections: ReadonlyMap<string, readonly string[]> = new Map(),
  synonyms: readonly (readonly Synonym[])[] = [],
): QueryWord[] {
  const units = unitsIn(text).slice(0, maxWords)
  const marked = unitsIn(text, markedText).slice(0, maxWords)
  const isAlike = units.every(({ length }, index) => length === marked[index]?.length)
  return units.map((parts, index) => {
    const word = parts.length === 1 ? parts[0] : undefined
    return {
      parts,
      marked: isAlike && marked[index] !== undefined ? marked[index] : parts,
      spellings: [
        ...(isUnspaced(parts.join('')) ? [] : joinedSpellings(units, index)),
        ...parts.flatMap((part) => (word === part ? spellingsOf(corrections.get(part)) : [])),
      ],
      synonyms: synonyms[index] ?? [],
      isUnfinished:
        index === units.length - 1 && word !== undefined && word.length >= minPrefixLength,
    }
  })
}

/** The words of a text, each with the parts it is written of. */
export function unitsIn(text: string, form = searchText): (readonly string[])[] {
  return text.split(' ').flatMap((token) => unitsOf(wordsIn(token, form)))
}

/** The words of a text in compared form, without scripts that do not separate them. */
export function plainWords(text: string): string[] {
  return wordsIn(text, searchText)
}

function wordsIn(text: string, form: typeof searchText): string[] {
  return form(text)
    .split(' ')
    .filter((word) => word !== '')
}

/** `node.js` is one unit of two parts; a run of Chinese is as many units as it has pairs. */
function unitsOf(words: readonly string[]): (readonly string[])[] {
  const units: (readonly string[])[] = []
  let compound: string[] = []
  for (const [index, word] of words.entries()) {
    if (!isUnspaced(word)) {
      compound.push(word)
      continue
    }
    if (compound.length > 0) units.push(compound)
    compound = []
    const next = words[index + 1]
    if (next !== undefined && isUnspaced(next)) units.push([word, next])
    else if (!isUnspaced(words[index - 1] ?? '')) units.push([word])
  }
  return compound.length > 0 ? [...units, compound] : units
}

/** Corrections as they are written, for words that PostgreSQL took, and in compared form. */
function spellingsOf(corrections: readonly string[] = []): readonly string[] {
  return [...new Set(corrections.flatMap((word) => [word, ...plainWords(word)]))]
}

function joinedSpellings(units: readonly (readonly string[])[], index: number): string[] {
  const [before, own = [], after] = [units[index - 1], units[index], units[index + 1]]
  return [
    ...(own.length > 1 ? [own.join('')] : []),
    ...(before === undefined ? [] : [[before.at(-1), own[0]].join('')]),
    ...(after === undefined ? [] : [[own.at(-1), after[0]].join('')]),
  ]
}
