import { setTimeout as after } from 'node:timers/promises'

/** After this time the rest is left to the servers' guards: none outlives this process. */
const deadlineMs = 30_000
/** The time of each step. */
const stepMs = 10_000

/** The steps that end the demo. They run once, the last added first, however the demo ends. */
export class Ending {
  /** Whether the demo now ends by a signal as intended. */
  isExpected = false
  readonly #steps: (() => Promise<unknown>)[] = []
  /** What was added when the end had begun. */
  readonly #late: Promise<unknown>[] = []
  readonly #begin = Promise.withResolvers<void>()
  #ended: Promise<void> | undefined

  /** Whether the end has begun. */
  get hasBegun(): boolean {
    return this.#ended !== undefined
  }

  /** Resolves when the end begins. */
  untilBegun(): Promise<void> {
    return this.#begin.promise
  }

  /** Adds a step that runs before those added earlier; at once when the end has begun. */
  add(step: () => Promise<unknown>): void {
    if (this.hasBegun) this.#late.push(inTime(step))
    else this.#steps.push(step)
  }

  /** Runs all steps. Never rejects. */
  end(): Promise<void> {
    this.#ended ??= Promise.race([this.#run(), after(deadlineMs, undefined, { ref: false })])
    this.#begin.resolve()
    return this.#ended
  }

  async #run(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) await inTime(step)
    await Promise.all(this.#late)
  }
}

/** A step whose server is away must not keep the others from ending. Never rejects. */
async function inTime(step: () => Promise<unknown>): Promise<void> {
  const late = after(stepMs, undefined, { ref: false })
  await Promise.race([step().catch(() => undefined), late])
}
