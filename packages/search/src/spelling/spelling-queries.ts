/** Whether there are `pg_trgm`, in the search path of this connection, and the table of words. */
export const selectHasTrigrams = `
  SELECT to_regprocedure('similarity(text, text)') IS NOT NULL
    AND to_regclass('@schema.search_vocabulary') IS NOT NULL AS found`

const unknown = `numnode(to_tsquery('english', word)) > 0
    AND NOT EXISTS (
      SELECT FROM @schema.courses
      WHERE is_published AND search_vector @@ to_tsquery('english', word || ':*')
    )`

const titleWords = `regexp_split_to_table(lower(title), '[^[:alnum:]]+')`

/** The unknown words: no published course has a word that starts with them. $1 words. */
export const selectUnknownWords = `
  SELECT word
  FROM unnest($1::text[]) AS word
  WHERE ${unknown}`

/** The most similar words that are compared with each unknown one. */
const maxCandidates = 40

/**
 * For each unknown word, the most similar words of about its length that published titles have, the
 * most frequent first. Needs `pg_trgm` and the table of words. $1 words.
 */
// The threshold, two trigrams of a word of seven letters, holds for this statement only. The first
// part is materialised to set it before any word is compared.
export const selectSimilarWords = `
  WITH typed AS MATERIALIZED (
    SELECT word, set_config('pg_trgm.similarity_threshold', '0.14', true) AS threshold
    FROM unnest($1::text[]) AS word
    WHERE ${unknown}
  ), likely AS MATERIALIZED (
    SELECT typed.word, similar_word.candidate, max(similar_word.titles) AS titles
    FROM typed, LATERAL (
      SELECT known.word AS candidate, known.titles
      FROM @schema.search_vocabulary AS known
      WHERE known.word % typed.word AND abs(length(known.word) - length(typed.word)) <= 2
      ORDER BY similarity(known.word, typed.word) DESC, known.word
      LIMIT ${maxCandidates}
    ) AS similar_word
    GROUP BY typed.word, similar_word.candidate
  )
  SELECT word, candidate
  FROM likely
  WHERE EXISTS (
    SELECT
    FROM @schema.search_words AS found
    WHERE ts_filter(found.words, '{a,b}') @@ to_tsquery('simple', quote_literal(likely.candidate))
    OFFSET 0
  )
  ORDER BY word, titles DESC, candidate`

/** The words of the published titles, the most frequent first. */
export const selectTitleWords = `
  SELECT word
  FROM @schema.courses, ${titleWords} AS word
  WHERE is_published AND length(word) >= 3
  GROUP BY word
  ORDER BY count(*) DESC, word
  LIMIT 20000`
