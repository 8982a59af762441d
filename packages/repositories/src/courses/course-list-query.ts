import type { Statement } from '../sql.ts'
import type { CourseSort, ValidCourseList } from './course-list.ts'
import { courseColumns } from './course-queries.ts'

interface Order {
  /** The column that comes before the id in the order. */
  readonly column?: string
  /** Its type. */
  readonly type?: string
  readonly direction: 'ASC' | 'DESC'
}

const orders: Record<CourseSort, Order> = {
  newest: { direction: 'DESC' },
  'price-ascending': { column: 'price', type: 'numeric', direction: 'ASC' },
  'price-descending': { column: 'price', type: 'numeric', direction: 'DESC' },
  title: { column: 'title', type: 'varchar', direction: 'ASC' },
  popularity: { column: 'current_enrollment', type: 'integer', direction: 'DESC' },
}

/**
 * Selects one row more than the page has, to see whether another page follows. The text holds only
 * the conditions asked for: PostgreSQL plans each combination by itself, from an index where there
 * is one.
 */
export function selectCoursePage(options: ValidCourseList): Statement {
  const values: unknown[] = []
  const $ = (value: unknown) => `$${values.push(value)}`
  const conditions = [...filters(options, $), ...position(options, $)]
  const { column, direction } = orders[options.sort]
  // Qualified: a bare `price` would be the output column, which is text and sorts as text.
  const order = [...(column === undefined ? [] : [column]), 'id']
    .map((name) => `c.${name} ${direction}`)
    .join(', ')
  return [
    `
  SELECT ${courseColumns}
  FROM @schema.courses AS c
  WHERE ${conditions.join('\n    AND ')}
  ORDER BY ${order}
  LIMIT ${$(options.limit + 1)}`,
    values,
  ]
}

/** Adds a value to a statement; returns its parameter. */
type Placeholder = (value: unknown) => string

/** The conditions of the filters on a course. */
export function filters(options: ValidCourseList, $: Placeholder): string[] {
  const { category, difficulty, instructorId, minPrice, maxPrice, hasSeats, isPublished } = options
  const { language } = options
  return [
    isPublished ? 'is_published' : 'NOT is_published',
    category !== undefined && `category = ${$(category)}`,
    difficulty !== undefined && `difficulty_level = ${$(difficulty)}`,
    ...among('language', language, $),
    instructorId !== undefined && `instructor_id = ${$(instructorId)}`,
    minPrice !== undefined && `price >= ${$(minPrice)}::numeric`,
    maxPrice !== undefined && `price <= ${$(maxPrice)}::numeric`,
    hasSeats === true &&
      '(max_students IS NULL OR current_enrollment + seats_offered < max_students)',
    hasSeats === false && 'current_enrollment + seats_offered >= max_students',
  ].filter((condition) => condition !== false)
}

/** One value is compared by itself: so PostgreSQL may read its courses in order from an index. */
function among(column: string, values: readonly string[] | undefined, $: Placeholder): string[] {
  if (values === undefined) return []
  return [values.length === 1 ? `${column} = ${$(values[0])}` : `${column} = ANY (${$(values)})`]
}

/** The condition on a course that it comes behind the cursor. */
export function position({ cursor, sort }: ValidCourseList, $: Placeholder): string[] {
  if (cursor === undefined) return []
  const [, id, sortKey] = cursor
  const { column, type, direction } = orders[sort]
  const after = direction === 'ASC' ? '>' : '<'
  return [
    column === undefined
      ? `id ${after} ${$(id)}`
      : `(${column}, id) ${after} (${$(sortKey)}::${type}, ${$(id)}::integer)`,
  ]
}
