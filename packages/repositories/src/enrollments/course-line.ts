import type { Arrival } from './arrival.ts'

/**
 * The callers waiting for a seat in one course, in order of arrival; one batch serves at a time.
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

  /** Number of waiting callers. */
  get length(): number {
    return this.#waiting.length
  }

  /** Whether a batch is serving the line. */
  get isServed(): boolean {
    return this.#isServed
  }

  /** Adds a caller at the end. */
  join(arrival: Arrival): void {
    this.#waiting.push(arrival)
  }

  /** Puts a caller back to the front when the batch ends, in the order of the calls. */
  rejoin(arrival: Arrival): void {
    this.#returned.push(arrival)
  }

  /** Hands the first `count` callers to a batch; callers who gave up are dropped. */
  serve(count: number): readonly Arrival[] {
    this.#isServed = true
    const present = this.#waiting.filter((arrival) => !arrival.isSettled)
    this.#waiting = present.slice(count)
    return present.slice(0, count)
  }

  /** Ends a batch; `locked` when it had to skip the course because another transaction locks it. */
  leave(): 'served' | 'locked' {
    this.#isServed = false
    const ending = this.#returned.length > 0 ? 'locked' : 'served'
    this.#waiting = [...this.#returned, ...this.#waiting]
    this.#returned = []
    return ending
  }
}
