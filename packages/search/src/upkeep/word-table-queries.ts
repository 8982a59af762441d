/** What is wrong with the words of a course; `null` when nothing is. */
const kindOfDifference = `
  CASE
    WHEN wanted.course_id IS NULL THEN 'orphaned'
    WHEN kept.course_id IS NULL THEN 'missing'
    WHEN (kept.words, kept.category, kept.title_words, kept.configuration)
         IS DISTINCT FROM (wanted.words, wanted.category, wanted.title_words, wanted.configuration)
      OR EXISTS (SELECT FROM title_word WHERE NOT is_known) THEN 'stale'
  END`

/**
 * Courses that are published or have words, in ascending order, each with what is wrong with its
 * words. $1 the last course before them, $2 the most courses, $3 the bytes of descriptions that the
 * first courses have, whose words take the longest to make.
 */
export const compareWords = `
  WITH page AS MATERIALIZED (
    SELECT id
    FROM (
      SELECT either.id, sum(text.bytes) OVER (ORDER BY either.id) - text.bytes AS bytes_before
      FROM (
        (
          SELECT id FROM @schema.courses WHERE is_published AND id > $1 ORDER BY id LIMIT $2
        )
        UNION
        (
          SELECT course_id FROM @schema.search_words WHERE course_id > $1
          ORDER BY course_id LIMIT $2
        )
        ORDER BY id
        LIMIT $2
      ) AS either
      JOIN @schema.courses AS course USING (id),
      LATERAL (SELECT coalesce(octet_length(course.description), 0) AS bytes) AS text
    ) AS measured
    WHERE bytes_before <= $3
  )
  SELECT page.id, wanted.course_id IS NOT NULL AS is_published, difference.kind
  FROM page
  LEFT JOIN @schema.courses AS course ON course.id = page.id AND course.is_published
  LEFT JOIN LATERAL (
    SELECT * FROM @schema.search_words_of_courses AS one WHERE one.course_id = course.id
  ) AS wanted ON true
  LEFT JOIN @schema.search_words AS kept ON kept.course_id = page.id,
  LATERAL (
    WITH title_word AS (
      SELECT EXISTS (
               SELECT FROM @schema.search_vocabulary AS known WHERE known.word = own.word
             ) AS is_known
      FROM @schema.search_vocabulary_of(course.title) AS own (word)
    )
    SELECT ${kindOfDifference} AS kind
  ) AS difference
  ORDER BY page.id`

/** Makes whoever changes these courses wait, until the transaction ends. $1 courses. */
export const lockCourses = `
  SELECT id FROM @schema.courses WHERE id = ANY($1::integer[]) ORDER BY id FOR SHARE`

/** Makes whoever changes words of these courses wait, until the transaction ends. $1 courses. */
export const lockWords = `
  SELECT course_id
  FROM @schema.search_words
  WHERE course_id = ANY($1::integer[])
  ORDER BY course_id
  FOR UPDATE`

/**
 * Makes the words of these courses what they should be; those that have words are locked. A row
 * that appears meanwhile is newer than what this statement sees, and stays. $1 courses.
 */
export const renewWords = `
  WITH wanted AS MATERIALIZED (
    SELECT course_id, words, category, title_words, configuration
    FROM @schema.search_words_of_courses
    WHERE course_id = ANY($1::integer[])
  ), removed AS (
    DELETE FROM @schema.search_words AS kept
    WHERE kept.course_id = ANY($1::integer[])
      AND NOT EXISTS (SELECT FROM wanted WHERE wanted.course_id = kept.course_id)
  ), renewed AS (
    UPDATE @schema.search_words AS kept
    SET words = wanted.words, category = wanted.category, title_words = wanted.title_words,
        configuration = wanted.configuration
    FROM wanted
    WHERE kept.course_id = wanted.course_id
  ), learned AS (
    INSERT INTO @schema.search_vocabulary (word, titles)
    SELECT fresh.word, count(*)
    FROM @schema.courses AS course, @schema.search_vocabulary_of(course.title) AS fresh (word)
    WHERE course.id = ANY($1::integer[]) AND course.is_published
      AND NOT EXISTS (SELECT FROM @schema.search_vocabulary AS known WHERE known.word = fresh.word)
    GROUP BY fresh.word
  )
  INSERT INTO @schema.search_words (course_id, words, category, title_words, configuration)
  SELECT course_id, words, category, title_words, configuration FROM wanted
  ON CONFLICT (course_id) DO NOTHING`
