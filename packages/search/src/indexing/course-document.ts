import { digest, err, invalidField, ok, withCause } from '@headwater/core'
import type { InvalidInput, Result } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import { courseTemplate } from './course-template.ts'
import type { CourseTemplate } from './course-template.ts'
import type { EmbeddingProfile } from '../embedders/embedder.ts'
import type { VectorMetadata } from '../vectors/vector-index.ts'

/** Below the 8,192 tokens that a text may have, in every language. */
const maxTextBytes = 16_000

/** A course as the index is to hold it. */
export interface CourseDocument {
  readonly course: Course
  /** The text to embed. */
  readonly text: string
  /** {@link textHash} of the text. */
  readonly hash: string
  readonly metadata: VectorMetadata
}

/** The document of a course in one generation; `invalid-input` when it has no text to embed. */
export function documentOf(
  course: Course,
  { name, template }: { readonly name: string; readonly template: CourseTemplate },
): Result<CourseDocument, InvalidInput> {
  return courseText(course, template).map((text) => {
    const hash = textHash(name, text)
    return { course, text, hash, metadata: courseMetadata(course, { hash, generation: name }) }
  })
}

/**
 * Names vectors that can be compared: those of one model, one length, one template of the
 * embedded text and one way to mark it. Vectors of two generations never meet in one query.
 */
export function generationOf(
  { model, dimensions, variant }: EmbeddingProfile,
  template: CourseTemplate = courseTemplate,
): string {
  const marked = variant === undefined ? [] : [variant]
  return shortHash([model, String(dimensions), template.version, ...marked])
}

/**
 * The text that is embedded for a course, cut to what a model takes; `invalid-input` when the
 * template throws or makes no text.
 */
export function courseText(
  course: Course,
  template: CourseTemplate = courseTemplate,
): Result<string, InvalidInput> {
  try {
    const text: unknown = template.textOf(course)
    return typeof text === 'string' ? ok(cut(text)) : err(noText(course, 'made none'))
  } catch (error) {
    return err(withCause(noText(course, 'threw'), error))
  }
}

function noText({ id }: Course, problem: string): InvalidInput {
  return invalidField('template', `must make a text of course ${id}, and ${problem}`)
}

/** Changes exactly when a course needs another vector: with its embedded text or the generation. */
export function textHash(generation: string, text: string): string {
  return shortHash([generation, text])
}

/**
 * The metadata of a course's record: what filters use, and what shows whether the record is up to
 * date.
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
    language: course.language,
    instructor_id: course.instructorId,
    price: Number(course.price),
    enrollment_count: course.currentEnrollment,
    has_places: hasSeats(course),
    version: course.version,
    hash,
    generation,
  }
}

/** Whether a course has a free seat. */
export function hasSeats({ maxStudents, currentEnrollment, seatsOffered }: Course): boolean {
  return maxStudents === null || currentEnrollment + seatsOffered < maxStudents
}

/** The id of a course's record. */
export function recordIdOf(courseId: number): string {
  return `course_${courseId}`
}

/** The course of a record; `undefined` for a record that is not a course's. */
export function courseIdOf(recordId: string): number | undefined {
  const [, digits] = /^course_([1-9]\d{0,9})$/.exec(recordId) ?? []
  return digits === undefined ? undefined : Number(digits)
}

function cut(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= maxTextBytes) return text
  // A character that was cut in two becomes U+FFFD.
  return bytes
    .subarray(0, maxTextBytes)
    .toString('utf8')
    .replace(/\ufffd+$/, '')
}

function shortHash(deps: readonly string[]): string {
  return digest(JSON.stringify(deps)).slice(0, 32)
}
