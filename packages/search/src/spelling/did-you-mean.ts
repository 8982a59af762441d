import { normalise } from '../typed/normalise.ts'
import { plainWords } from './query-words.ts'
import { mapTexts } from '../typed/query-parts.ts'
import { searchText } from './search-text.ts'
import type { Corrections } from './spelling.ts'

/**
 * A normalised query with its misspelt words corrected, each as the first of these titles with one
 * of its corrections writes it: operators, quotes and excluded words stay. `undefined` when that
 * leaves the query as it is.
 */
export function didYouMean(
  query: string,
  corrections: Corrections,
  titles: readonly string[],
): string | undefined {
  const spellings = titles.flatMap(spellingsIn)
  const find = (isWanted: (spelling: Spelling) => boolean): Spelling | undefined =>
    spellings.find((spelling) => spelling.isWhole && isWanted(spelling)) ?? spellings.find(isWanted)
  const meantBy = (word: string): string | undefined => {
    const candidates = corrections.get(word) ?? []
    const best = spellings.find(({ compared }) => candidates.includes(compared))
    const meant = best?.compared ?? candidates[0]
    return find(({ compared }) => compared === meant)?.written ?? meant
  }
  const written = (word: string): string | undefined =>
    spellings.find(({ compared, isWhole }) => isWhole && compared === word)?.written
  const respell = (text: string): string => {
    const compared = joined(text)
    if (plainWords(text).length < 2) return meantBy(compared) ?? written(compared) ?? text
    const isMisspelt = plainWords(text).some((word) => corrections.has(word))
    if (!isMisspelt) return written(compared) ?? text
    return text.replace(run, (part) => meantBy(searchText(part)) ?? part)
  }
  const meant = mapTexts(query, (text) => text.split(' ').map(respell).join(' '))
  return normalise(meant) === query ? undefined : meant
}

/** A word as a title writes it. */
interface Spelling {
  /** The word in compared form, written as one. */
  readonly compared: string
  readonly written: string
  /** Whether it is no part of another word. */
  readonly isWhole: boolean
}

const run = /[\p{L}\p{M}\p{N}]+[+#]*/gu
// Markup ends a word: what a title says must not become part of a query.
const whole = /\.?[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}./+#&'-]*[\p{L}\p{M}\p{N}+#])?/gu

/** The words of a title, and the parts of those that have several: `CI/CD`, `CI` and `CD`. */
function spellingsIn(title: string): Spelling[] {
  const isShouted = title === title.toUpperCase() && title.includes(' ')
  const spelling = (text: string, isWhole: boolean): Spelling => ({
    compared: joined(text),
    written: isShouted || isCapitalised(text) ? text.toLowerCase() : text,
    isWhole,
  })
  return (title.normalize('NFC').match(whole) ?? []).flatMap((text) => [
    spelling(text, true),
    ...(text.match(run) ?? []).map((part) => spelling(part, part === text)),
  ])
}

/** A capital that any word of a title may have, and that a query does without. */
function isCapitalised(text: string): boolean {
  return /^\p{Lu}[\p{Ll}\p{M}]+$/u.test(text)
}

function joined(text: string): string {
  return searchText(text).replaceAll(' ', '')
}
