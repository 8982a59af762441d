/**
 * Published courses whose title, category or description match, best first: those that match the whole query above those that match some
 * of its words. $1 the query as people write it, $2 its words as a `tsquery` or null, $3 category, $4 difficulty, $5 instructor, $6 lowest
 * price, $7 highest price (each null: any), $8 whether places must be left, $9 limit.
 */
export const selectMatchingCourses = `
  SELECT course.id, matched.score
  FROM (SELECT websearch_to_tsquery('english', $1::text) AS whole, to_tsquery('english', $2::text) AS words) AS wanted,
       @schema.courses AS course,
       LATERAL (
         SELECT ts_rank('{0.1, 0.3, 0.5, 1.0}', course.search_vector, coalesce(wanted.words, wanted.whole), 32)
                + CASE WHEN course.search_vector @@ wanted.whole THEN 1 ELSE 0 END AS score
       ) AS matched
  WHERE course.is_published
    AND (course.search_vector @@ wanted.whole OR course.search_vector @@ wanted.words)
    AND ($3::varchar IS NULL OR course.category = $3)
    AND ($4::varchar IS NULL OR course.difficulty_level = $4)
    AND ($5::integer IS NULL OR course.instructor_id = $5)
    AND ($6::numeric IS NULL OR course.price >= $6)
    AND ($7::numeric IS NULL OR course.price <= $7)
    AND (NOT $8::boolean OR course.max_students IS NULL OR course.current_enrollment < course.max_students)
  ORDER BY matched.score DESC, course.id
  LIMIT $9`

/**
 * A row of {@link selectMatchingCourses}.
 */
export interface MatchingCourse {
  readonly id: number
  readonly score: number
}
