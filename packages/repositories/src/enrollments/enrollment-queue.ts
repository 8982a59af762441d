import type { CallOptions, Clock, Result } from '@headwater/core'
import { Arrival } from './arrival.ts'
import { CourseLine } from './course-line.ts'
import type { ValidEnrollRequest } from './enroll.ts'
import type { BatchAnswer, TimedBatch } from './enroll-batch.ts'
import type { Enrollment, EnrollError } from './enrollment.ts'
import type { EnrollmentOptions } from './enrollment-options.ts'

/** What the queue runs its batches with. */
export interface EnrollmentQueueParts {
  /** Runs a batch; gives back the answers in the order of its requests. */
  readonly run: (batch: TimedBatch) => Promise<readonly BatchAnswer[]>
  /** Where time comes from. */
  readonly clock: Clock
  /** The limits. */
  readonly options: Required<EnrollmentOptions>
}

/**
 * Callers whose deadlines lie so close to the batch's wait for its certain answer, in milliseconds.
 */
const slackMs = 50

/**
 * Gathers enrollments that are asked for at the same time into batches. Each course has a line,
 * served in order of arrival by one batch at a time; several lines go into one batch. Nobody waits
 * for company: a batch takes who is there when a transaction is free, so batches grow with the
 * load. A batch of several courses passes over one that somebody else keeps, which is then waited
 * for by a batch of its own: no course waits for another.
 */
export class EnrollmentQueue {
  readonly #parts: EnrollmentQueueParts
  readonly #lines = new Map<number, CourseLine>()
  /** Lines with callers and no batch, the one that was served least recently first. */
  readonly #ready = new Set<CourseLine>()
  /** The same, of courses that somebody else kept. */
  readonly #kept = new Set<CourseLine>()
  #running = { sharing: 0, waiting: 0 }
  #isScheduled = false
  #onEmpty: (() => void) | undefined

  constructor(parts: EnrollmentQueueParts) {
    this.#parts = parts
  }

  /**
   * Joins the line of a course. Settles with the caller's own answer, or with `deadline-exceeded`
   * when the time is over or the signal given: before its batch has begun nothing is done then;
   * after that the place may still be taken.
   */
  add(
    request: ValidEnrollRequest,
    options: CallOptions = {},
  ): Promise<Result<Enrollment, EnrollError>> {
    const deadlineMs = options.deadlineMs ?? this.#parts.options.deadlineMs
    const arrival = new Arrival(request, {
      endsAt: this.#parts.clock.monotonic() + deadlineMs,
      deadlineMs,
      signal: options.signal,
    })
    if (arrival.isSettled) return arrival.answer
    const line = this.#lineOf(request.courseId)
    line.join(arrival)
    if (!line.isServed && !this.#kept.has(line)) this.#ready.add(line)
    this.#schedule()
    return arrival.answer
  }

  /** Resolves when nobody waits any more. */
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

  /** All that arrive in one turn of the event loop are there when the batch is made. */
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
    const { maxTransactions } = this.#parts.options
    const canWait = this.#running.waiting < maxTransactions
    const [kept] = this.#kept
    if (kept !== undefined && canWait) return this.#start([kept], 'waiting')
    const lines = this.#nextLines()
    if (lines.length === 1 && canWait) return this.#start(lines, 'waiting')
    return (
      lines.length > 0 && this.#running.sharing < maxTransactions && this.#start(lines, 'sharing')
    )
  }

  #nextLines(): CourseLine[] {
    const lines: CourseLine[] = []
    let callers = 0
    for (const line of this.#ready) {
      if (callers >= this.#parts.options.maxBatch) break
      lines.push(line)
      callers += line.length
    }
    return lines
  }

  #start(lines: readonly CourseLine[], kind: 'sharing' | 'waiting'): true {
    const arrivals: Arrival[] = []
    for (const line of lines) {
      this.#ready.delete(line)
      this.#kept.delete(line)
      arrivals.push(...line.serve(this.#parts.options.maxBatch - arrivals.length))
    }
    this.#running[kind] += 1
    void this.#serve(arrivals, kind).finally(() => {
      this.#running[kind] -= 1
      for (const line of lines) this.#leave(line)
      this.#schedule()
    })
    return true
  }

  async #serve(arrivals: readonly Arrival[], kind: 'sharing' | 'waiting'): Promise<void> {
    if (arrivals.length === 0) return
    const now = this.#parts.clock.monotonic()
    const endsAt = Math.max(...arrivals.map((arrival) => arrival.endsAt))
    for (const arrival of arrivals)
      arrival.begin(arrival.endsAt >= endsAt - slackMs ? 'shared' : 'own')
    try {
      const batch = {
        requests: arrivals.map((arrival) => arrival.request),
        isPatient: kind === 'waiting',
        deadlineMs: Math.max(1, endsAt - now),
      }
      const answers = await this.#parts.run(batch)
      for (const [index, arrival] of arrivals.entries())
        this.#answer(arrival, answers[index] ?? 'course-kept')
    } catch (error) {
      for (const arrival of arrivals) arrival.fail(error)
    }
  }

  #answer(arrival: Arrival, answer: BatchAnswer): void {
    if (answer !== 'course-kept') return arrival.settle(answer)
    this.#lineOf(arrival.request.courseId).rejoin(arrival)
  }

  /** A batch is done with a line: the next one may serve it. */
  #leave(line: CourseLine): void {
    const ending = line.leave()
    if (line.length === 0) this.#lines.delete(line.courseId)
    else (ending === 'kept' ? this.#kept : this.#ready).add(line)
    if (this.#lines.size === 0) this.#onEmpty?.()
  }
}
