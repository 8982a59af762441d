import { plainWords, partsOf, queryWords } from '../../spelling/query-words.ts'
import { isUnspaced } from '../../spelling/search-text.ts'

/** What is marked in the texts of courses; words in compared form. */
export interface AskedWords {
  /** Words that are marked wherever they stand. */
  readonly words: ReadonlySet<string>
  /** Words that are marked in a row only: quoted texts, and pairs of a script without spaces. */
  readonly rows: readonly (readonly string[])[]
  /** What may be the beginning of a word. */
  readonly beginning: string | undefined
}

const quoted = /-?"[^"]*"/gu

/** What a query asks for, and its corrected form, if there is one. */
export function askedWords(query: string, corrected?: string): AskedWords {
  const asked = [query, ...(corrected === undefined ? [] : [corrected])].map(askedBy)
  return {
    words: new Set(asked.flatMap(({ words }) => [...words])),
    rows: asked.flatMap(({ rows }) => rows),
    beginning: asked[0]?.beginning,
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
    rows: [...phrases.map(plainWords), ...(runs ?? []).map(({ parts }) => parts)],
    beginning: last?.parts[0],
  }
}
