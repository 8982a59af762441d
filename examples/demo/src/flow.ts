import type { Output } from './output.ts'

/** Tools of a step. */
export interface StepTools {
  /** Adds a finding to the step's line. */
  readonly note: (text: string) => void
  /** Measures this part of the step; without it the whole step is measured. */
  readonly timed: <T>(work: () => PromiseLike<T>) => Promise<T>
}

/** A step of a flow. */
export interface Step {
  /** The store it is about. */
  readonly store: string
  /** A description for the reader. */
  readonly does: string
}

/** A promise of the flow that did not hold. */
class Unkept extends Error {}

/** Ends the flow unless the condition holds. */
export function check(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Unkept(otherwise)
}

/** One flow. Each step prints a line, and the first that fails ends the flow. */
export class Flow {
  readonly #output: Output

  private constructor(output: Output) {
    this.#output = output
  }

  /** Runs a flow and returns its result; `undefined` when a step failed. */
  static async run<T extends object>(
    output: Output,
    title: string,
    steps: (flow: Flow) => Promise<T>,
  ): Promise<T | undefined> {
    output.heading(title)
    try {
      return await steps(new Flow(output))
    } catch (error) {
      if (!(error instanceof StepFailed)) output.failure('demo', messageOf(error))
      return undefined
    }
  }

  /** Runs a step, which throws when its promise does not hold. */
  async step<T>({ store, does }: Step, work: (tools: StepTools) => Promise<T>): Promise<T> {
    const notes: string[] = []
    let measuredMs: number | undefined
    const timed = async <U>(part: () => PromiseLike<U>): Promise<U> => {
      const startedMs = performance.now()
      const made = await part()
      measuredMs = (measuredMs ?? 0) + performance.now() - startedMs
      return made
    }
    const startedMs = performance.now()
    try {
      const made = await work({
        note: (text) => {
          notes.push(text)
        },
        timed,
      })
      this.#output.step({
        store,
        text: [does, ...notes].join(': '),
        ms: measuredMs ?? performance.now() - startedMs,
      })
      return made
    } catch (error) {
      this.#output.failure(store, `${does}: ${messageOf(error)}`)
      throw new StepFailed()
    }
  }

  /** Prints a line below a step. */
  remark(text: string): void {
    this.#output.remark(`${' '.repeat(14)}${text}`)
  }
}

/** A step that has failed and printed so. */
class StepFailed extends Error {}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
