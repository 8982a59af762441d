import type { Course } from './course.ts'

/** The columns of a {@link CourseRow}. */
export const courseColumns = `
    id, title, description, instructor_id, category, difficulty_level,
    language, max_students, current_enrollment, seats_offered, price::text AS price,
    is_published, version::text AS version, created_at, updated_at, waitlist_length`

/**
 * $1 title, $2 description, $3 instructor, $4 category, $5 difficulty, $6 seats or null, $7 price,
 * $8 language.
 */
export const insertCourse = `
  INSERT INTO @schema.courses (
    title, description, instructor_id, category, difficulty_level, max_students, price,
    language
  )
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  RETURNING ${courseColumns}`

/** $1 ids. */
export const selectCourses = `
  SELECT ${courseColumns}
  FROM @schema.courses
  WHERE id = ANY ($1::integer[])`

/**
 * $1 id, $2 title, $3 instructor, $4 price (null leaves each as it is); then pairs of a flag to set
 * and the value: $5 $6 description, $7 $8 category, $9 $10 difficulty, $11 $12 seats; $13 expected
 * version or null, $14 language (null leaves it as it is).
 */
export const updateCourseRow = `
  UPDATE @schema.courses
  SET title            = coalesce($2::varchar, title),
      instructor_id    = coalesce($3::integer, instructor_id),
      price            = coalesce($4::numeric, price),
      description      = CASE WHEN $5::boolean THEN $6::text ELSE description END,
      category         = CASE WHEN $7::boolean THEN $8::varchar ELSE category END,
      difficulty_level = CASE WHEN $9::boolean THEN $10::varchar ELSE difficulty_level END,
      max_students     = CASE WHEN $11::boolean THEN $12::integer ELSE max_students END,
      language         = coalesce($14::varchar, language),
      version          = version + 1,
      updated_at       = now()
  WHERE id = $1 AND ($13::bigint IS NULL OR version = $13)
  RETURNING ${courseColumns}`

/** Returns no row when the course already is as asked. $1 id, $2 whether to publish it. */
export const setPublished = `
  UPDATE @schema.courses
  SET is_published = $2, version = version + 1, updated_at = now()
  WHERE id = $1 AND is_published <> $2
  RETURNING ${courseColumns}`

/**
 * Locks courses against other changes of them and of their enrollments. The ids stand in the text,
 * which therefore has no parameters and travels along with BEGIN. With `skip`, courses that another
 * transaction locks are left out.
 */
export function lockCourses(ids: readonly number[], lockedCourses: 'skip' | 'wait'): string {
  return `
  SELECT id, version::text AS version, waitlist_length
  FROM @schema.courses
  WHERE id IN (${ids.map(Number).join(', ')})
  ORDER BY id
  FOR NO KEY UPDATE${lockedCourses === 'skip' ? ' SKIP LOCKED' : ''}`
}

/** A row of {@link lockCourses}. */
export interface LockedCourseRow {
  readonly id: number
  readonly version: string
  /** Number of places on the waiting list. */
  readonly waitlist_length: number
}

/** $1 id. */
export const deleteCourseRow = `
  DELETE FROM @schema.courses
  WHERE id = $1`

/** $1 ids of courses. */
export const selectEnrollmentCounts = `
  SELECT id, current_enrollment, is_published
  FROM @schema.courses
  WHERE id = ANY ($1::integer[])`

/** A row of the statements above that return courses. */
export interface CourseRow {
  readonly id: number
  readonly title: string
  readonly description: string | null
  readonly instructor_id: number
  readonly category: string | null
  readonly difficulty_level: string | null
  readonly language: string
  readonly max_students: number | null
  readonly current_enrollment: number
  readonly seats_offered: number
  readonly price: string
  readonly is_published: boolean
  readonly version: string
  readonly created_at: Date
  readonly updated_at: Date
  readonly waitlist_length: number
}

/** Reads a row. */
export function toCourse(row: CourseRow): Course {
  return {
    id: row.id,
    title: row.title,
    description: row.description,
    instructorId: row.instructor_id,
    category: row.category,
    difficulty: row.difficulty_level,
    language: row.language,
    maxStudents: row.max_students,
    currentEnrollment: row.current_enrollment,
    seatsOffered: row.seats_offered,
    price: row.price,
    isPublished: row.is_published,
    version: Number(row.version),
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
  }
}
