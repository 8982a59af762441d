import type { Statement } from '../sql.ts'
import type { ValidCourseList } from './course-list.ts'
import { filters, position } from './course-list-query.ts'
import { courseColumns } from './course-queries.ts'
import type { CourseRow } from './course-queries.ts'

/**
 * Below this number of students `course_popularity` is exact; from it on it differs by about a 91st
 * at most from the number that the course has.
 */
const exactBelow = 90

/** Courses looked at for each place of a page, from the most popular on. */
const coursesPerPlace = 25

/** Whether an index finds the courses within the filters, so that few have to be sorted. */
export function isFoundByIndex(options: ValidCourseList): boolean {
  const { category, instructorId, minPrice, maxPrice } = options
  return [category, instructorId, minPrice, maxPrice].some((value) => value !== undefined)
}

/**
 * Selects a page by popularity among the next courses of the index in about that order, together
 * with whether they did not fill it though others follow. Returns at least one row; without a
 * course its `id` is null.
 *
 * PostgreSQL cannot know how popular the courses within the filters are. Left to look on until the
 * page is full, it would look at all courses where none but the least popular have seats.
 */
export function selectPopularPage(options: ValidCourseList): Statement {
  const values: unknown[] = []
  const $ = (value: unknown) => `$${values.push(value)}`
  const next = `
      FROM @schema.course_popularity
      ${aboutPosition(options, $)}
      ORDER BY students DESC, course_id DESC`
  const [places, looked] = [$(options.limit + 1), $(coursesPerPlace * (options.limit + 1))]
  const passes = [...filters(options, $), ...position(options, $)].join('\n      AND ')
  return [
    `
  WITH first AS MATERIALIZED (
    SELECT popular.course_id, popular.students
    FROM (
      SELECT course_id, students ${next}
      LIMIT ${looked}::bigint
    ) AS popular, ${courseOf('popular')}
    WHERE ${passes}
    ORDER BY popular.students DESC, popular.course_id DESC
    LIMIT ${places}::bigint
  ), page AS MATERIALIZED (
    SELECT c.*
    FROM ${likely(places)}, ${courseOf('likely')}
    WHERE ${passes}
    ORDER BY c.current_enrollment DESC, c.id DESC
    LIMIT ${places}::bigint
  )
  SELECT ${courseColumns},
    (SELECT count(*) FROM first) < ${places}::bigint
      AND EXISTS (SELECT ${next} OFFSET ${looked}::bigint) AS is_cut_short
  FROM (VALUES (true)) AS always LEFT JOIN page ON true
  ORDER BY current_enrollment DESC, id DESC`,
    values,
  ]
}

/** A row of {@link selectPopularPage}. */
export type PopularRow = (CourseRow | { readonly id: null }) & { readonly is_cut_short: boolean }

/** $1 limit. */
export const selectPopularCourses = `
  WITH first AS MATERIALIZED (
    SELECT popular.course_id, popular.students
    FROM @schema.course_popularity AS popular, ${courseOf('popular')}
    WHERE c.is_published AND popular.students > 0
    ORDER BY popular.students DESC, popular.course_id DESC
    LIMIT $1::bigint
  )
  SELECT c.id, c.current_enrollment
  FROM ${likely('$1')}, ${courseOf('likely')}
  WHERE c.is_published
  ORDER BY c.current_enrollment DESC, c.id DESC
  LIMIT $1::bigint`

/**
 * The courses of `first`, and those whose order with the last of them the table does not tell: they
 * may have more students than it has.
 */
function likely(places: string): string {
  const last = `
      SELECT CASE WHEN count(*) = ${places}::bigint AND min(students) >= ${exactBelow}
                  THEN min(students) END AS students
      FROM first`
  return `(
      SELECT course_id FROM first
      UNION
      SELECT course_id
      FROM @schema.course_popularity
      WHERE students BETWEEN (SELECT students - students / 45 - 2 FROM (${last}) AS last)
                         AND (SELECT students FROM (${last}) AS last)
    ) AS likely`
}

/** One course at a time: PostgreSQL takes the few for many and would read the whole table. */
function courseOf(rows: string): string {
  return `LATERAL (
      SELECT * FROM @schema.courses WHERE id = ${rows}.course_id OFFSET 0
    ) AS c`
}

/** The courses of the table that may follow a cursor. */
function aboutPosition({ cursor }: ValidCourseList, $: (value: unknown) => string): string {
  if (cursor === undefined) return ''
  const [, id, sortKey] = cursor
  const students = Number(sortKey)
  return students < exactBelow
    ? `WHERE (students, course_id) < (${$(students)}::integer, ${$(id)}::integer)`
    : `WHERE students <= ${$(students + Math.ceil(students / 90) + 1)}::bigint`
}
