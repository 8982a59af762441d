import { once } from '@headwater/core'
import type { QueryWord } from './query-words.ts'
import { isUnspaced, searchText } from './search-text.ts'
import type { WordSource } from './word-sources.ts'

/** Courses with the words that are compared. */
const maxMatches = 500

/** Courses that are looked through where more have the words, from the most popular on. */
const popularCourses = 400

/** Titles with the whole prefix at their beginning that are compared there. */
const maxTitles = 100

/**
 * Published courses whose titles have words that begin with these, at most 40, the courses with the
 * most students first. Of more, titles that begin with the prefix as it is typed are among them. Of
 * words that more than 500 titles have, those of the 400 most popular courses are compared, and as
 * many others as stay below a bound. $1 the words: a `tsquery`, or without the table of words one
 * pattern each; $2 the prefix.
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

const isBegun = `ts_filter(found.words, '{a,b}') @@ to_tsquery('simple', $1::text)`

/** The course of `rows`, one at a time, if its title has the words. */
function withWords(rows: string): string {
  return `LATERAL (
      SELECT found.course_id AS id
      FROM @schema.search_words AS found
      WHERE found.course_id = ${rows}.id
        AND found.words @@ to_tsquery('simple', replace($1::text, ':*', ':*AB'))
      OFFSET 0
    ) AS found
    WHERE (SELECT count(*) FROM matched) > ${maxMatches}`
}

const begun: Readonly<Record<WordSource, string>> = {
  // Materialised: for a word of many titles PostgreSQL would sort all courses first.
  search_words: `
  matched AS MATERIALIZED (
    SELECT found.course_id AS id
    FROM @schema.search_words AS found
    WHERE ${isBegun}
    LIMIT ${maxMatches + 1}
  ), popular AS MATERIALIZED (
    SELECT found.id
    FROM (
      SELECT course_id AS id
      FROM @schema.course_popularity
      ORDER BY students DESC, course_id DESC
      LIMIT ${popularCourses}
    ) AS looked, ${withWords('looked')}
  ), titled AS MATERIALIZED (
    SELECT found.id
    FROM (
      SELECT id
      FROM @schema.courses
      WHERE is_published
        AND lower(title) ~>=~ $2::text AND lower(title) ~<~ ($2::text || chr(1114111))
      ORDER BY lower(title) USING ~<~
      LIMIT ${maxTitles}
    ) AS started, ${withWords('started')}
  ), begun AS MATERIALIZED (
    SELECT id FROM matched UNION SELECT id FROM popular UNION SELECT id FROM titled
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
