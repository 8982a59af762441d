import { once } from '@headwater/core'
import type { QueryWord } from './query-words.ts'
import { isUnspaced, searchText } from './search-text.ts'
import type { WordSource } from './word-sources.ts'

/**
 * Published courses whose titles have words that begin with these, at most 40, the courses with the
 * most students first. Of more, titles that begin with the prefix as it is typed are among them. $1
 * the words: a `tsquery`, or without the table of words one pattern each; $2 the prefix.
 */
export function selectSuggestions(source: WordSource): string {
  return `
  WITH ${begun[source]},
  likely AS (
    SELECT course.id, course.title, course.current_enrollment
    FROM begun JOIN @schema.courses AS course USING (id)
    WHERE course.is_published
    ORDER BY starts_with(lower(course.title), $2::text) DESC,
             course.current_enrollment DESC, course.title, course.id
    LIMIT 40
  )
  SELECT id, title
  FROM likely
  ORDER BY current_enrollment DESC, title, id`
}

const begun: Readonly<Record<WordSource, string>> = {
  // Materialised: for a word of many titles PostgreSQL would sort all courses first.
  search_words: `
  begun AS MATERIALIZED (
    SELECT found.course_id AS id
    FROM @schema.search_words AS found
    WHERE ts_filter(found.words, '{a,b}') @@ to_tsquery('simple', $1::text)
  )`,
  courses: `
  begun AS (
    SELECT course.id
    FROM @schema.courses AS course
    WHERE course.title ~* ALL ($1::text[])
  )`,
}

/** The words of a prefix as a `tsquery`: each begins a word, or another spelling of it does. */
export function beginningsQuery(words: readonly QueryWord[]): string {
  return words
    .map(({ parts, spellings }) => {
      const own = parts.map(beginning).join(isUnspaced(parts.join('')) ? ' <-> ' : ' & ')
      return `(${[own, ...spellings.map(beginning)].join(' | ')})`
    })
    .join(' & ')
}

/** A word holds letters and digits: neither a quote nor a backslash. */
function beginning(word: string): string {
  return `'${word}':*`
}

/** A pattern for the beginning of a word, whatever its accents. */
export function wordPattern(spellings: readonly string[]): string {
  return String.raw`\m(${spellings.map(letterPattern).join('|')})`
}

/** Inside brackets none of these characters is special in a regular expression. */
function letterPattern(word: string): string {
  return [...word]
    .flatMap((character) => (/[+#]/.test(character) ? character : [...searchText(character)]))
    .map((letter) => `[${letter}${accented().get(letter) ?? ''}]`)
    .join(String.raw`\W?`)
}

/** The letters with a mark that have the compared form of each letter. */
const accented = once((): ReadonlyMap<string, string> => {
  const letters = new Map<string, string>()
  for (const [first, last] of latinLetters)
    for (let code = first; code <= last; code += 1) {
      const letter = String.fromCodePoint(code)
      const compared = searchText(letter)
      if (compared.length === 1 && compared !== letter)
        letters.set(compared, `${letters.get(compared) ?? ''}${letter}`)
    }
  return letters
})

const latinLetters = [
  [0xc0, 0x24f],
  [0x1e00, 0x1eff],
] as const
