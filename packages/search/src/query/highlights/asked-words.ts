import { plainWords, queryWords } from '../../spelling/query-words.ts'
import { partsOf } from '../../typed/query-parts.ts'
import type { QueryWord, Synonym } from '../../spelling/query-words.ts'
import { isUnspaced } from '../../spelling/search-text.ts'

/** What is marked in the texts of courses; words in compared form. */
export interface AskedWords {
  /** Words that are marked wherever they stand. */
  readonly words: ReadonlySet<string>
  /**
   * Words that are marked in a row only: quoted texts, synonyms of several words, and pairs of a
   * script without spaces.
   */
  readonly rows: readonly (readonly string[])[]
  /** What may be the beginning of a word. */
  readonly beginning: string | undefined
  /** Those of these words that have accents, with them. */
  readonly marked: ReadonlyMap<string, string>
}

const quoted = /-?"[^"]*"/gu

/** The most quoted texts that are marked: as many as the search heeds. */
const maxPhrases = 16

/** What a query means besides its own words. */
export interface AlsoMeant {
  /** The corrected query, if there is one. */
  readonly corrected?: string | undefined
  /** Synonyms of its words. */
  readonly synonyms?: readonly Synonym[]
}

/** What a query asks for, and what else it means. */
export function askedWords(query: string, { corrected, synonyms = [] }: AlsoMeant): AskedWords {
  const asked = [query, ...(corrected === undefined ? [] : [corrected])].map(askedBy)
  const terms = Map.groupBy(synonyms, ({ length }) => length === 1)
  return {
    words: new Set([
      ...asked.flatMap(({ words }) => [...words]),
      ...(terms.get(true) ?? []).flat(),
    ]),
    rows: [...asked.flatMap(({ rows }) => rows), ...(terms.get(false) ?? [])],
    beginning: asked[0]?.beginning,
    marked: new Map(asked.flatMap(({ marked }) => [...marked])),
  }
}

function askedBy(query: string): AskedWords {
  const { phrases, excluded } = partsOf(query)
  const unquoted = query.replace(quoted, ' ').trim()
  const text = excluded.length > 0 ? unquoted.replace(/(?<!\S)-+\S+/gu, ' ') : unquoted
  const words = queryWords(partsOf(text.trim()).text)
  const [runs, loose] = [true, false].map((isRun) =>
    words.filter(({ parts }) => parts.length > 1 && isUnspaced(parts.join('')) === isRun),
  )
  const single = words.filter(({ parts }) => parts.length === 1)
  const last = query.endsWith('"') ? undefined : single.find(({ isUnfinished }) => isUnfinished)
  return {
    words: new Set(
      [...single, ...(loose ?? [])].flatMap(({ parts, spellings }) => [...parts, ...spellings]),
    ),
    rows: [
      ...phrases.slice(0, maxPhrases).map(plainWords),
      ...(runs ?? []).map(({ parts }) => parts),
    ],
    beginning: last?.parts[0],
    marked: new Map(queryWords(partsOf(query).text).flatMap(withAccents)),
  }
}

function withAccents({ parts, marked }: QueryWord): (readonly [string, string])[] {
  return parts.flatMap((part, index) => {
    const own = marked[index]
    return own === undefined || own === part ? [] : [[part, own] as const]
  })
}
