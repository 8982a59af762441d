import type { FlowName } from '../flows/flow.ts'
import type { FlowRequest } from '../flows/flows.ts'
import { Latencies } from './latencies.ts'

/** What became of a request: `ok` for a status of 2xx, or the name of its error. */
export type Outcome = string

/** A request that has ended. Times are milliseconds since the load began. */
export interface Ended {
  readonly flow: FlowName
  /** When it was to be sent. */
  readonly arrivedMs: number
  readonly endedMs: number
  readonly outcome: Outcome
}

/** What is sent, when, and where to. */
export interface Load {
  /** When requests are to be sent, in milliseconds since the load begins. */
  readonly arrivalsMs: Iterable<number>
  readonly next: () => FlowRequest
  /** Sends a request; never rejects. */
  readonly ask: (text: string) => Promise<Outcome>
  readonly note: (ended: Ended) => void
  /** The most requests that are under way at a time. One more is an error, `no room`. */
  readonly maxInFlight: number
}

/**
 * Sends each request at its moment, however long other answers take, and resolves with the times by
 * which it was late itself, once all are answered.
 *
 * A request's latency counts from the moment that it was to be sent. One that counts from the
 * sending leaves out what users wait for while the generator is held up by slow answers, which is
 * "coordinated omission" (Gil Tene, "How NOT to Measure Latency", 2015).
 */
export async function openLoop(load: Load): Promise<Latencies> {
  return new OpenLoop(load).run()
}

class OpenLoop {
  readonly #load: Load
  readonly #arrivals: Iterator<number>
  readonly #startedAt = performance.now()
  readonly #lag = new Latencies()
  readonly #ended = Promise.withResolvers<Latencies>()
  #inFlight = 0
  #dueMs: number | undefined

  constructor(load: Load) {
    this.#load = load
    this.#arrivals = load.arrivalsMs[Symbol.iterator]()
    this.#dueMs = this.#nextDue()
  }

  run(): Promise<Latencies> {
    this.#tick()
    return this.#ended.promise
  }

  /** Sends what is due, and comes back when the next request is. */
  #tick(): void {
    while (this.#dueMs !== undefined && this.#dueMs <= this.#nowMs()) {
      const arrivedMs = this.#dueMs
      this.#dueMs = this.#nextDue()
      this.#send(arrivedMs)
    }
    if (this.#dueMs === undefined) return this.#endWhenIdle()
    setTimeout(
      () => {
        this.#tick()
      },
      Math.max(1, this.#dueMs - this.#nowMs()),
    )
  }

  #send(arrivedMs: number): void {
    this.#lag.note(this.#nowMs() - arrivedMs)
    const { flow, text } = this.#load.next()
    if (this.#inFlight >= this.#load.maxInFlight) {
      this.#load.note({ flow, arrivedMs, endedMs: this.#nowMs(), outcome: 'no room' })
      return
    }
    this.#inFlight += 1
    this.#load
      .ask(text)
      .then((outcome) => {
        this.#inFlight -= 1
        this.#load.note({ flow, arrivedMs, endedMs: this.#nowMs(), outcome })
        this.#endWhenIdle()
      })
      .catch(this.#ended.reject)
  }

  #endWhenIdle(): void {
    if (this.#dueMs === undefined && this.#inFlight === 0) this.#ended.resolve(this.#lag)
  }

  #nextDue(): number | undefined {
    const next = this.#arrivals.next()
    return next.done === true ? undefined : next.value
  }

  #nowMs(): number {
    return performance.now() - this.#startedAt
  }
}
