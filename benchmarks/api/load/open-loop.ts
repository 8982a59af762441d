import type { Line } from './http-line.ts'
import type { Request } from './requests.ts'
import { type Report, Tally } from './tally.ts'

/** A load on lines. */
export interface Load {
  readonly lines: readonly Line[]
  readonly next: () => Request
  /** How long requests start. */
  readonly forMs: number
}

/**
 * Starts requests on a fixed schedule, however long answers take. One whose turn has come while all
 * lines are taken waits for the first free one. Latency counts from the moment that the schedule
 * names: what had to wait is what a user would have waited for.
 */
export function openLoop({ perSecond, ...load }: Load & { perSecond: number }): Promise<Report> {
  return new OpenLoop(load, perSecond).run()
}

/** Keeps each line busy: its next request starts when the last one is answered. */
export async function closedLoop({ lines, next, forMs }: Load): Promise<Report> {
  const tally = new Tally()
  const startedAt = performance.now()
  await Promise.all(
    lines.map(async (line) => {
      for (let at = startedAt; at < startedAt + forMs;) {
        const { operation, text } = next()
        const status = await line.ask(text)
        const answeredAt = performance.now()
        tally.note(operation, status, answeredAt - at)
        at = answeredAt
      }
    }),
  )
  return tally.report(performance.now() - startedAt)
}

class OpenLoop {
  readonly #free: Line[]
  readonly #next: () => Request
  readonly #everyMs: number
  readonly #planned: number
  readonly #tally = new Tally()
  readonly #ended = Promise.withResolvers<undefined>()
  readonly #startedAt = performance.now()
  #sent = 0
  #answered = 0

  constructor({ lines, next, forMs }: Load, perSecond: number) {
    this.#free = [...lines]
    this.#next = next
    this.#everyMs = 1_000 / perSecond
    this.#planned = Math.floor(forMs / this.#everyMs)
  }

  async run(): Promise<Report> {
    this.#tick()
    await this.#ended.promise
    return this.#tally.report(performance.now() - this.#startedAt)
  }

  /** Sends what is due and comes back when the next request is. */
  #tick(): void {
    this.#sendDue()
    if (this.#sent < this.#planned)
      setTimeout(
        () => {
          this.#tick()
        },
        Math.max(1, this.#dueAt() - performance.now()),
      )
  }

  /** When the schedule starts the next request. */
  #dueAt(): number {
    return this.#startedAt + this.#sent * this.#everyMs
  }

  #sendDue(): void {
    while (this.#sent < this.#planned && this.#dueAt() <= performance.now()) {
      const line = this.#free.shift()
      if (line === undefined) return
      const dueAt = this.#dueAt()
      this.#sent += 1
      this.#send(line, dueAt).catch(this.#ended.reject)
    }
  }

  async #send(line: Line, dueAt: number): Promise<void> {
    const { operation, text } = this.#next()
    const status = await line.ask(text)
    this.#tally.note(operation, status, performance.now() - dueAt)
    this.#answered += 1
    this.#free.push(line)
    if (this.#answered === this.#planned) this.#ended.resolve(undefined)
    else this.#sendDue()
  }
}
