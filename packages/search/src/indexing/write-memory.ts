import { RecentMap } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import { hasSeats } from './course-document.ts'

/** The state of a course as this process last wrote it. */
export interface WrittenState {
  /** The course's version. */
  readonly version: number
  /** Hash of the embedded text. */
  readonly hash: string
  /** Whether seats were left. */
  readonly hasSeats: boolean
  /** The number of students. */
  readonly enrollmentCount: number
  /** When the number was written, on the monotonic clock. */
  readonly countedAtMs: number
}

const maxCourses = 10_000

/**
 * Remembers the last write of this process for each of 10,000 courses. It saves reads, and it is
 * newer than the answer of an index that shows writes late. A forgotten course is read from the
 * index.
 */
export class WriteMemory {
  readonly #states = new RecentMap<number, WrittenState>(maxCourses)

  /** The last write of a course. */
  get(courseId: number): WrittenState | undefined {
    return this.#states.get(courseId)
  }

  /** Remembers a write; when there are too many, the oldest is forgotten. */
  remember(course: Course, hash: string, countedAtMs: number): void {
    const { id, version, currentEnrollment } = course
    this.#states.set(id, {
      version,
      hash,
      hasSeats: hasSeats(course),
      enrollmentCount: currentEnrollment,
      countedAtMs,
    })
  }

  /**
   * Makes the next write of a course read the index first. The hash is kept: an index that shows
   * writes late must not pass for the last write.
   */
  recheck(courseId: number): void {
    const state = this.#states.get(courseId)
    if (state !== undefined) this.#states.set(courseId, { ...state, version: -1 })
  }

  /** Forgets a course. */
  forget(courseId: number): void {
    this.#states.delete(courseId)
  }
}
