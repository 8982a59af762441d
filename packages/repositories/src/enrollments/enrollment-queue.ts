import type { CallOptions, Clock, Result } from '@headwater/core'
import { Arrival } from './arrival.ts'
import { CourseLine } from './course-line.ts'
import type { ValidEnrollRequest } from './enroll.ts'
import type { BatchAnswer, TimedBatch } from './enroll-batch.ts'
import type { Enrollment, EnrollError } from './enrollment.ts'
import type { EnrollmentOptions } from './enrollment-options.ts'

/** Dependencies of an {@link EnrollmentQueue}. */
export interface EnrollmentQueueDeps {
  /** Runs a batch and returns the answers in the order of its requests. */
  readonly run: (batch: TimedBatch) => Promise<readonly BatchAnswer[]>
  /** Source of time. */
  readonly clock: Clock
  /** The limits. */
  readonly options: Required<EnrollmentOptions>
}

/** How near a caller's deadline is to the batch's when both are treated as one, in milliseconds. */
const slackMs = 50

/**
 * `waiting` batches wait for the lock of their one course; `sharing` batches skip locked courses.
 */
type BatchKind = 'sharing' | 'waiting'

/**
 * Gathers simultaneous enrollments into batches. Each course has a line, served in order of arrival
 * by one batch at a time; one batch may serve several lines. A batch starts as soon as a
 * transaction is free and takes the callers who are there, so batches grow with the load. A batch
 * of several courses skips one that another transaction locks; a batch of its own then waits for
 * that course, so no course waits for another.
 */
export class EnrollmentQueue {
  readonly #deps: EnrollmentQueueDeps
  readonly #lines = new Map<number, CourseLine>()
  /** Lines with callers and no batch; the one served least recently comes first. */
  readonly #ready = new Set<CourseLine>()
  /** Lines with callers and no batch whose course was locked by another transaction. */
  readonly #locked = new Set<CourseLine>()
  #running = { sharing: 0, waiting: 0 }
  #isScheduled = false
  #onEmpty: (() => void) | undefined

  constructor(deps: EnrollmentQueueDeps) {
    this.#deps = deps
  }

  /**
   * Joins the line of a course. Settles with the caller's own answer, or with `deadline-exceeded`
   * when the time is over or the signal is aborted. Before its batch has begun nothing is done in
   * that case; afterwards the seat may still be taken.
   */
  add(
    request: ValidEnrollRequest,
    options: CallOptions = {},
  ): Promise<Result<Enrollment, EnrollError>> {
    const deadlineMs = options.deadlineMs ?? this.#deps.options.deadlineMs
    const arrival = new Arrival(request, {
      endsAt: this.#deps.clock.monotonic() + deadlineMs,
      deadlineMs,
      signal: options.signal,
    })
    if (arrival.isSettled) return arrival.answer
    const line = this.#lineOf(request.courseId)
    line.join(arrival)
    if (!line.isServed && !this.#locked.has(line)) this.#ready.add(line)
    this.#schedule()
    return arrival.answer
  }

  /** Resolves when no caller waits any more. */
  async drained(): Promise<void> {
    if (this.#lines.size > 0)
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve
      })
  }

  #lineOf(courseId: number): CourseLine {
    const known = this.#lines.get(courseId)
    if (known !== undefined) return known
    const line = new CourseLine(courseId)
    this.#lines.set(courseId, line)
    return line
  }

  /** Starts batches at the end of the turn: all callers of one turn are in line by then. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      while (this.#startOne());
    })
  }

  /** Starts a batch, if there is one to start and a transaction for it. */
  #startOne(): boolean {
    const { maxTransactions } = this.#deps.options
    const canWait = this.#running.waiting < maxTransactions
    const [locked] = this.#locked
    if (locked !== undefined && canWait) return this.#start([locked], 'waiting')
    const lines = this.#nextLines()
    if (lines.length === 1 && canWait) return this.#start(lines, 'waiting')
    if (lines.length === 0 || this.#running.sharing >= maxTransactions) return false
    return this.#start(lines, 'sharing')
  }

  #nextLines(): CourseLine[] {
    const lines: CourseLine[] = []
    let callers = 0
    for (const line of this.#ready) {
      if (callers >= this.#deps.options.maxBatch) break
      lines.push(line)
      callers += line.length
    }
    return lines
  }

  #start(lines: readonly CourseLine[], kind: BatchKind): true {
    const arrivals: Arrival[] = []
    for (const line of lines) {
      this.#ready.delete(line)
      this.#locked.delete(line)
      arrivals.push(...line.serve(this.#deps.options.maxBatch - arrivals.length))
    }
    this.#running[kind] += 1
    void this.#serve(arrivals, kind).finally(() => {
      this.#running[kind] -= 1
      for (const line of lines) this.#leave(line)
      this.#schedule()
    })
    return true
  }

  async #serve(arrivals: readonly Arrival[], kind: BatchKind): Promise<void> {
    if (arrivals.length === 0) return
    const now = this.#deps.clock.monotonic()
    const endsAt = Math.max(...arrivals.map((arrival) => arrival.endsAt))
    for (const arrival of arrivals)
      arrival.begin(arrival.endsAt >= endsAt - slackMs ? 'shared' : 'own')
    try {
      const answers = await this.#deps.run({
        requests: arrivals.map((arrival) => arrival.request),
        lockedCourses: kind === 'waiting' ? 'wait' : 'skip',
        deadlineMs: Math.max(1, endsAt - now),
      })
      for (const [index, arrival] of arrivals.entries())
        this.#answer(arrival, answers[index] ?? 'course-locked')
    } catch (error) {
      for (const arrival of arrivals) arrival.fail(error)
    }
  }

  #answer(arrival: Arrival, answer: BatchAnswer): void {
    if (answer !== 'course-locked') return arrival.settle(answer)
    this.#lineOf(arrival.request.courseId).rejoin(arrival)
  }

  /** Ends a batch's service of a line, which the next batch may then serve. */
  #leave(line: CourseLine): void {
    const ending = line.leave()
    if (line.length === 0) this.#lines.delete(line.courseId)
    else (ending === 'locked' ? this.#locked : this.#ready).add(line)
    if (this.#lines.size === 0) this.#onEmpty?.()
  }
}
