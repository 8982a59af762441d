import type { Arrival } from './arrival.ts'

/**
 * Those who wait for a place in one course, in order of arrival; at most one batch serves them at a time.
 */
export class CourseLine {
  /** The course. */
  readonly courseId: number
  #waiting: Arrival[] = []
  #returned: Arrival[] = []
  #isServed = false

  constructor(courseId: number) {
    this.courseId = courseId
  }

  /** How many wait. */
  get length(): number {
    return this.#waiting.length
  }

  /** Whether a batch serves them. */
  get isServed(): boolean {
    return this.#isServed
  }

  /**
   * Stands at the end.
   */
  join(arrival: Arrival): void {
    this.#waiting.push(arrival)
  }

  /**
   * Goes back to the front when the batch ends, in the order of the calls.
   */
  rejoin(arrival: Arrival): void {
    this.#returned.push(arrival)
  }

  /**
   * Lets a batch take the first `count`, without those who have gone; who asks twice is taken once and waits for the rest.
   */
  serve(count: number): readonly Arrival[] {
    this.#isServed = true
    const taken = new Map<number, Arrival>()
    const left: Arrival[] = []
    for (const arrival of this.#waiting) {
      if (arrival.isSettled) continue
      const { userId } = arrival.request
      if (taken.size < count && !taken.has(userId)) taken.set(userId, arrival)
      else left.push(arrival)
    }
    this.#waiting = left
    return [...taken.values()]
  }

  /**
   * The batch has ended; says whether it had to leave the course to somebody else.
   */
  leave(): 'served' | 'kept' {
    this.#isServed = false
    const ending = this.#returned.length > 0 ? 'kept' : 'served'
    this.#waiting = [...this.#returned, ...this.#waiting]
    this.#returned = []
    return ending
  }
}
