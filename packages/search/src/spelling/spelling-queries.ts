import type { OtherConfigurations } from './languages.ts'

/** Whether there are `pg_trgm`, in the search path of this connection, and the table of words. */
export const selectHasTrigrams = `
  SELECT to_regprocedure('similarity(text, text)') IS NOT NULL
    AND to_regclass('@schema.search_vocabulary') IS NOT NULL AS found`

const unknown = `numnode(to_tsquery('english', word)) > 0
    AND NOT EXISTS (
      SELECT FROM @schema.courses
      WHERE is_published AND search_vector @@ to_tsquery('english', word || ':*')
    )`

/**
 * The condition that a `word` is unknown: common in no language of the catalogue, and in no course
 * as the beginning of a word, or by the stem that it has in the language of that course. A stem of
 * one language says nothing of courses in another: in Swedish `croshet` has that of `crossing`.
 */
function isUnknown(configurations: OtherConfigurations): string {
  if (configurations.length === 0) return unknown
  const others = configurations.filter((name) => name !== 'simple')
  const quoted = 'quote_literal(word)'
  const stemOf = (name: string): string => `to_tsquery('${name}', ${quoted})`
  const noneHas = (condition: string): string => `NOT EXISTS (
      SELECT FROM @schema.search_words AS found
      WHERE ${condition}
    )`
  return [
    ...['english', ...others].map(
      (name) => `@schema.search_stem_query('${name}', ${quoted}, ${quoted}) IS NOT NULL`,
    ),
    noneHas(`found.words @@ to_tsquery('simple', ${quoted} || ':*')`),
    // As in a catalogue that is in English alone.
    noneHas(`found.words @@ to_tsquery('english', ${quoted} || ':*')
        AND found.configuration = 'english'`),
    ...(others.length === 0
      ? []
      : [
          noneHas(`found.words @@ (${others.map(stemOf).join(' || ')})
        AND found.words @@ CASE found.configuration
          ${others.map((name) => `WHEN '${name}' THEN ${stemOf(name)}`).join(' ')}
        END`),
        ]),
  ].join('\n    AND ')
}

const titleWords = `regexp_split_to_table(lower(title), '[^[:alnum:]]+')`

/** The unknown words: no published course has a word that starts with them. $1 words. */
export const selectUnknownWords = (configurations: OtherConfigurations): string => `
  SELECT word
  FROM unnest($1::text[]) AS word
  WHERE ${isUnknown(configurations)}`

/** The most similar words that are compared with each unknown one. */
const maxCandidates = 40

/** Each edit changes the length by one, and brings one letter that the other word lacks. */
const maxEdits = 2

/** A word that counts as more titles has so many that some of the first courses have it. */
const countedExactly = 16
const firstCourses = 1_000

const hasCandidate = `ts_filter(found.words, '{a,b}')
      @@ to_tsquery('simple', quote_literal(likely.candidate))`

/**
 * For each unknown word, the most similar words of published titles that may be two edits away, the
 * most frequent first. Needs `pg_trgm` and the table of words. $1 words.
 */
// The list of a frequent word in the index may be as long as the catalogue, and is read whole.
// The threshold, two trigrams of a word of seven letters, holds for this statement only. The first
// part is materialised to set it before any word is compared.
export const selectSimilarWords = (configurations: OtherConfigurations): string => `
  WITH typed AS MATERIALIZED (
    SELECT word, set_config('pg_trgm.similarity_threshold', '0.14', true) AS threshold
    FROM unnest($1::text[]) AS word
    WHERE ${isUnknown(configurations)}
  ), likely AS MATERIALIZED (
    SELECT typed.word, similar_word.candidate, max(similar_word.titles) AS titles
    FROM typed, LATERAL (
      SELECT known.word AS candidate, known.titles
      FROM @schema.search_vocabulary AS known
      WHERE known.word % typed.word AND abs(length(known.word) - length(typed.word)) <= ${maxEdits}
        AND length(translate(known.word, typed.word, '')) <= ${maxEdits}
        AND length(translate(typed.word, known.word, '')) <= ${maxEdits}
      ORDER BY similarity(known.word, typed.word) DESC, known.word
      LIMIT ${maxCandidates}
    ) AS similar_word
    GROUP BY typed.word, similar_word.candidate
  )
  SELECT word, candidate
  FROM likely
  WHERE CASE
    WHEN titles > ${countedExactly} AND EXISTS (
      SELECT
      FROM (
        SELECT words FROM @schema.search_words ORDER BY course_id LIMIT ${firstCourses}
      ) AS found
      WHERE ${hasCandidate}
    ) THEN true
    ELSE EXISTS (
      SELECT
      FROM @schema.search_words AS found
      WHERE ${hasCandidate}
      OFFSET 0
    )
  END
  ORDER BY word, titles DESC, candidate`

/** The words of the published titles, the most frequent first. */
export const selectTitleWords = `
  SELECT word
  FROM @schema.courses, ${titleWords} AS word
  WHERE is_published AND length(word) >= 3
  GROUP BY word
  ORDER BY count(*) DESC, word
  LIMIT 20000`

/** The titles of courses, in their order. $1 courses. */
export const selectTitles = `
  SELECT course.title
  FROM unnest($1::integer[]) WITH ORDINALITY AS found (id, place)
  JOIN @schema.courses AS course USING (id)
  ORDER BY found.place`
