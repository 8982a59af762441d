/** What this process last wrote about a course. */
export interface IndexedState {
  /** The course's version. */
  readonly version: number
  /** Hash of the embedded text. */
  readonly hash: string
  /** Whether places were left. */
  readonly hasSeats: boolean
  /** The number of students. */
  readonly enrollmentCount: number
  /** When the number was written, on the monotonic clock. */
  readonly countedAtMs: number
}

const maxCourses = 10_000

/**
 * Remembers what this process last wrote to the index. It spares reads, and it is newer than what
 * an index gives that shows writes late; what it has forgotten is read from the index.
 */
export class IndexedCourses {
  readonly #states = new Map<number, IndexedState>()

  /** What was last written about a course. */
  get(courseId: number): IndexedState | undefined {
    return this.#states.get(courseId)
  }

  /** Takes note of a write; the course written longest ago is forgotten when there are too many. */
  set(courseId: number, state: IndexedState): void {
    this.#states.delete(courseId)
    this.#states.set(courseId, state)
    if (this.#states.size <= maxCourses) return
    for (const oldest of this.#states.keys()) {
      this.#states.delete(oldest)
      return
    }
  }

  /**
   * Has the index be looked at the next time, and still does not take what it shows late for what
   * was written last.
   */
  doubt(courseId: number): void {
    const state = this.#states.get(courseId)
    if (state !== undefined) this.#states.set(courseId, { ...state, version: -1 })
  }

  /** Forgets a course. */
  delete(courseId: number): void {
    this.#states.delete(courseId)
  }
}
