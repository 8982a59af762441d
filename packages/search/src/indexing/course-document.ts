import { digest } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import { courseTemplate } from './course-template.ts'
import type { CourseTemplate } from './course-template.ts'
import type { EmbeddingProfile } from '../embedders/embedder.ts'
import type { VectorMetadata } from '../vectors/vector-index.ts'

/** Below the 8,192 tokens that a text may have, in every language. */
const maxTextBytes = 16_000

/**
 * Names what makes the vectors of an index comparable: model, dimensions and the template of the
 * embedded text. Vectors of two generations never meet in one query.
 */
export function generationOf(
  { model, dimensions }: EmbeddingProfile,
  template: CourseTemplate = courseTemplate,
): string {
  return shortHash([model, String(dimensions), template.version])
}

/** The text that is embedded for a course, no longer than a model takes. */
export function courseText(course: Course, template: CourseTemplate = courseTemplate): string {
  return cut(template.textOf(course))
}

/** Changes exactly when the vector of a course has to: with its embedded text or the generation. */
export function textHash(generation: string, text: string): string {
  return shortHash([generation, text])
}

/**
 * What the index knows about a course: what filters look at, and what tells whether the record is
 * up to date.
 */
export function courseMetadata(
  course: Course,
  { hash, generation }: { readonly hash: string; readonly generation: string },
): VectorMetadata {
  return {
    course_id: course.id,
    title: course.title,
    ...(course.category === null ? {} : { category: course.category }),
    ...(course.difficulty === null ? {} : { difficulty: course.difficulty }),
    instructor_id: course.instructorId,
    price: Number(course.price),
    enrollment_count: course.currentEnrollment,
    has_places: hasSeats(course),
    version: course.version,
    hash,
    generation,
  }
}

/** Whether a course takes another student. */
export function hasSeats({ maxStudents, currentEnrollment }: Course): boolean {
  return maxStudents === null || currentEnrollment < maxStudents
}

/** The id of a course's record. */
export function recordIdOf(courseId: number): string {
  return `course_${courseId}`
}

/** The course that a record speaks of; `undefined` for a record that is not a course's. */
export function courseIdOf(recordId: string): number | undefined {
  const [, digits] = /^course_([1-9]\d{0,9})$/.exec(recordId) ?? []
  return digits === undefined ? undefined : Number(digits)
}

function cut(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= maxTextBytes) return text
  // A character that the cut went through comes out as U+FFFD.
  return bytes
    .subarray(0, maxTextBytes)
    .toString('utf8')
    .replace(/\ufffd+$/, '')
}

function shortHash(parts: readonly string[]): string {
  return digest(JSON.stringify(parts)).slice(0, 32)
}
