/** Counting the courses of a word stops here. */
const maxCounted = 1_000

/**
 * Published courses whose title, category or description match, best first. Courses that match the
 * whole query come before courses that match some of its words; a rare word counts for more than a
 * frequent one. Courses whose category is the query come first.
 *
 * $1 the normalised query, $2 all its words as one `tsquery` or null, $3 its words as a `tsquery`
 * each or null, $4 category, $5 difficulty, $6 instructor, $7 lowest price, $8 highest price, $9
 * whether seats are left (each null: any), $10 limit.
 */
export const selectMatchingCourses = `
  WITH asked AS MATERIALIZED (
    SELECT coalesce(
             to_tsquery('english', $2::text),
             websearch_to_tsquery('english', $1::text)
           ) AS whole
  ), word AS MATERIALIZED (
    SELECT part.query, ln(1 + catalogue.courses / (0.5 + having_it.courses)) AS weight
    FROM (
           SELECT to_tsquery('english', word) AS query FROM unnest($3::text[]) AS word
           UNION ALL
           SELECT whole FROM asked WHERE $3::text[] IS NULL
         ) AS part,
         (
           SELECT greatest(reltuples, ${maxCounted}) AS courses
           FROM pg_class
           WHERE oid = '@schema.courses'::regclass
         ) AS catalogue,
         LATERAL (
           SELECT count(*) AS courses
           FROM (
             SELECT FROM @schema.courses
             WHERE is_published AND search_vector @@ part.query
             LIMIT ${maxCounted}
           ) AS counted
         ) AS having_it
    WHERE numnode(part.query) > 0
  ), wanted AS MATERIALIZED (
    SELECT asked.whole,
           to_tsquery('english', coalesce(array_to_string($3::text[], ' | '), '')) AS any_word,
           (SELECT sum(weight) FROM word) AS weight
    FROM asked
  )
  SELECT course.id, matched.score, course.search_vector @@ wanted.whole AS has_all
  FROM wanted, @schema.courses AS course, LATERAL (
         SELECT sum(
                  word.weight
                  * ts_rank('{0.1, 0.3, 0.5, 1.0}', course.search_vector, word.query)
                )
                + CASE WHEN course.search_vector @@ wanted.whole THEN wanted.weight ELSE 0 END
                + CASE WHEN lower(course.category) = $1::text THEN wanted.weight ELSE 0 END AS score
         FROM word
       ) AS matched
  WHERE course.is_published
    AND (course.search_vector @@ wanted.whole OR course.search_vector @@ wanted.any_word)
    AND ($4::varchar IS NULL OR course.category = $4)
    AND ($5::varchar IS NULL OR course.difficulty_level = $5)
    AND ($6::integer IS NULL OR course.instructor_id = $6)
    AND ($7::numeric IS NULL OR course.price >= $7)
    AND ($8::numeric IS NULL OR course.price <= $8)
    AND ($9::boolean IS NULL
         OR $9 = (course.max_students IS NULL
                  OR course.current_enrollment + course.seats_offered < course.max_students))
  ORDER BY matched.score DESC, course.id
  LIMIT $10`

/** A row of {@link selectMatchingCourses}. */
export interface MatchingCourse {
  readonly id: number
  readonly score: number
  readonly has_all: boolean
}
