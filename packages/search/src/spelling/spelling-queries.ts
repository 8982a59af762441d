/** Whether `pg_trgm` is installed in the search path of this connection. */
export const selectHasTrigrams = `
  SELECT to_regprocedure('word_similarity(text, text)') IS NOT NULL AS found`

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

/**
 * For each unknown word, words of about its length from the most similar titles, the most frequent
 * first. Needs `pg_trgm`; an index on the trigrams of titles makes it fast. $1 words.
 */
// The threshold holds for this statement only. The first part is materialised to set it before any
// title is compared.
export const selectSimilarTitleWords = `
  WITH typed AS MATERIALIZED (
    SELECT word, set_config('pg_trgm.word_similarity_threshold', '0.25', true) AS threshold
    FROM unnest($1::text[]) AS word
    WHERE ${unknown}
  )
  SELECT typed.word, similar_title.candidate
  FROM typed, LATERAL (
    SELECT candidate, count(*) AS titles
    FROM (
      SELECT title
      FROM @schema.courses
      WHERE is_published AND title %> typed.word
      ORDER BY word_similarity(typed.word, title) DESC
      LIMIT 200
    ) AS likely, ${titleWords} AS candidate
    WHERE abs(length(candidate) - length(typed.word)) <= 2
    GROUP BY candidate
  ) AS similar_title
  ORDER BY typed.word, similar_title.titles DESC, similar_title.candidate`

/** The words of the published titles, the most frequent first. */
export const selectTitleWords = `
  SELECT word
  FROM @schema.courses, ${titleWords} AS word
  WHERE is_published AND length(word) >= 3
  GROUP BY word
  ORDER BY count(*) DESC, word
  LIMIT 20000`
