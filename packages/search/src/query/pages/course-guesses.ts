import {
  type CacheReadError,
  GuessedReads,
  type InvalidInput,
  type ReadRows,
} from '@headwater/core'
import type { Course } from '@headwater/repositories'
import type { CourseReader } from '../../course-reader.ts'

/** Reads the courses of a page. */
export type ReadCourses = ReadRows<Course, InvalidInput | CacheReadError>

/** Pages whose courses are remembered. */
const maxRemembered = 2_000

/** Reads the courses of a page, those that it had of late beside its ranking. */
export class CourseGuesses {
  /** Reads the courses of a page, none of them beforehand. */
  readonly read: ReadCourses
  readonly #guesses = new GuessedReads<Course, InvalidInput | CacheReadError>(maxRemembered)

  constructor(courses: CourseReader) {
    this.read = (ids) => courses.getMany(ids)
  }

  /** Begins to read. Pages are the same when their descriptions are the same as JSON. */
  begin(page: unknown): ReadCourses {
    return this.#guesses.begin(JSON.stringify(page), this.read)
  }
}
