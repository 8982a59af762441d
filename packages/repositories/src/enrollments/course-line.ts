import type { Arrival } from './arrival.ts'

/**
 * Those who wait for a place in one course, in order of arrival; at most one batch serves them at a
 * time.
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

  /** Stands at the end. */
  join(arrival: Arrival): void {
    this.#waiting.push(arrival)
  }

  /** Goes back to the front when the batch ends, in the order of the calls. */
  rejoin(arrival: Arrival): void {
    this.#returned.push(arrival)
  }

  /** Lets a batch take the first `count`, without those who have gone. */
  serve(count: number): readonly Arrival[] {
    this.#isServed = true
    const present = this.#waiting.filter((arrival) => !arrival.isSettled)
    this.#waiting = present.slice(count)
    return present.slice(0, count)
  }

  /** The batch has ended; says whether it had to leave the course to somebody else. */
  leave(): 'served' | 'kept' {
    this.#isServed = false
    const ending = this.#returned.length > 0 ? 'kept' : 'served'
    this.#waiting = [...this.#returned, ...this.#waiting]
    this.#returned = []
    return ending
  }
}
