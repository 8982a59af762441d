import type { CourseSort } from '@headwater/repositories'
import type { SearchFilters } from './search-filters.ts'

/**
 * The conditions of the filters on a `course`, in seven parameters from this one: categories,
 * difficulties, instructors, lowest price, highest price, whether seats are left, languages (each
 * null: any).
 */
export function passesFilters(first: number): string {
  const [category, difficulty, instructor, minPrice, maxPrice, hasSeats, language] = Array.from(
    { length: 7 },
    (_, index) => `$${first + index}`,
  )
  return `
    (${category}::varchar[] IS NULL OR course.category = ANY(${category}))
    AND (${difficulty}::varchar[] IS NULL OR course.difficulty_level = ANY(${difficulty}))
    AND (${instructor}::integer[] IS NULL OR course.instructor_id = ANY(${instructor}))
    AND (${minPrice}::numeric IS NULL OR course.price >= ${minPrice})
    AND (${maxPrice}::numeric IS NULL OR course.price <= ${maxPrice})
    AND (${hasSeats}::boolean IS NULL OR ${hasSeats} = ${seatsLeft})
    AND (${language}::varchar[] IS NULL OR course.language = ANY(${language}))`
}

/** Whether a `course` takes another student. */
const seatsLeft = `(
      course.max_students IS NULL
      OR course.current_enrollment + course.seats_offered < course.max_students
    )`

/** The parameters of {@link passesFilters}. */
export function filterValues(filters: SearchFilters): readonly unknown[] {
  const { category, difficulty, instructorId, minPrice, maxPrice, hasSeats, language } = filters
  return [category, difficulty, instructorId, minPrice, maxPrice, hasSeats, language].map(
    (value) => value ?? null,
  )
}

interface Order {
  /** The expression that comes before the id in the order. */
  readonly key: string
  readonly type: string
  readonly direction: 'ASC' | 'DESC'
}

const orders: Readonly<Record<CourseSort, Order>> = {
  newest: { key: 'course.id', type: 'bigint', direction: 'DESC' },
  'price-ascending': { key: 'course.price', type: 'numeric', direction: 'ASC' },
  'price-descending': { key: 'course.price', type: 'numeric', direction: 'DESC' },
  title: { key: 'course.title', type: 'varchar', direction: 'ASC' },
  popularity: { key: 'course.current_enrollment', type: 'bigint', direction: 'DESC' },
}

/**
 * Those of some courses that may be found, in order. $1 the courses, $2 limit, $3 key and $4 id of
 * the last course of the page before (null: the first page), $5 to $11 as {@link passesFilters}
 * takes them.
 */
export function selectSorted(sort: CourseSort): string {
  const { key, type, direction } = orders[sort]
  return `
  SELECT course.id, (${key})::text AS key
  FROM @schema.courses AS course
  WHERE course.id = ANY($1::integer[])
    AND course.is_published
    AND ($4::integer IS NULL
         OR (${key}, course.id) ${direction === 'ASC' ? '>' : '<'} ($3::text::${type}, $4))
    AND ${passesFilters(5)}
  ORDER BY ${key} ${direction}, course.id ${direction}
  LIMIT $2`
}

/** A row of {@link selectSorted}. */
export interface SortedCourse {
  readonly id: number
  /** Where the course stands in the order, as text. */
  readonly key: string
}

/**
 * The number of those of some courses that may be found, in all and for each category, difficulty,
 * instructor, language and band of prices, and with or without seats, the most frequent first.
 * $1 the courses, $2 to $8 as {@link passesFilters} takes them, $9 the edges of the bands.
 */
export const countCourses = `
  SELECT
    CASE GROUPING(
      course.category, course.difficulty_level, course.instructor_id, course.language,
      facet.price_band, facet.has_seats
    )
      WHEN 31 THEN 'category' WHEN 47 THEN 'difficulty' WHEN 55 THEN 'instructorId'
      WHEN 59 THEN 'language' WHEN 61 THEN 'price' WHEN 62 THEN 'hasSeats' ELSE 'total'
    END AS of,
    coalesce(
      course.category, course.difficulty_level, course.instructor_id::text, course.language,
      facet.price_band::text, facet.has_seats::text
    ) AS value,
    count(*)::integer AS courses
  FROM @schema.courses AS course
  CROSS JOIN LATERAL (
    SELECT width_bucket(course.price, $9::numeric[]) AS price_band, ${seatsLeft} AS has_seats
  ) AS facet
  WHERE course.id = ANY($1::integer[]) AND course.is_published AND ${passesFilters(2)}
  GROUP BY GROUPING SETS (
    (), (course.category), (course.difficulty_level), (course.instructor_id), (course.language),
    (facet.price_band), (facet.has_seats)
  )
  ORDER BY courses DESC, value`

/** What {@link countCourses} counts by. */
export type Facet = 'category' | 'difficulty' | 'instructorId' | 'language' | 'price' | 'hasSeats'

/** A row of {@link countCourses}. */
export interface CountedValue {
  readonly of: 'total' | Facet
  /** `null` for the total, and for courses without a value. */
  readonly value: string | null
  readonly courses: number
}
