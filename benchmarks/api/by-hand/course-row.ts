/** A course, as the API answers with it. */
export interface Course {
  readonly id: number
  readonly title: string
  readonly description: string | null
  readonly instructorId: number
  readonly category: string | null
  readonly difficulty: string | null
  readonly language: string
  readonly maxStudents: number | null
  readonly currentEnrollment: number
  readonly seatsOffered: number
  readonly price: string
  readonly isPublished: boolean
  readonly version: number
  readonly createdAt: Date | string
  readonly updatedAt: Date | string
}

/** A row of `courses`; its dates are texts once it was cached. */
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
  readonly version: number
  readonly created_at: Date | string
  readonly updated_at: Date | string
}

/** The columns of {@link CourseRow}. */
export const courseColumns = [
  'id, title, description, instructor_id, category, difficulty_level, language, max_students',
  'current_enrollment, seats_offered, price, is_published, version, created_at, updated_at',
].join(', ')

/** The course of a row. */
export function courseOf(row: CourseRow): Course {
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
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
