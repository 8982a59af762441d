import type { Output } from './output.ts'

/** What a step has at hand. */
export interface StepTools {
  /** Adds to the step's line what was found. */
  readonly note: (text: string) => void
  /** Measures this part of the step; without it the whole is measured. */
  readonly timed: <T>(work: () => PromiseLike<T>) => Promise<T>
}

/** A step of a flow. */
export interface Step {
  /** Who is asked. */
  readonly store: string
  /** What it does. */
  readonly does: string
}

/** A promise of the flow did not hold. */
class Unkept extends Error {}

/** Ends the flow unless the condition holds. */
export function check(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Unkept(otherwise)
}

/** One flow, step by step: each prints a line, the first that fails ends it. */
export class Flow {
  readonly #output: Output

  private constructor(output: Output) {
    this.#output = output
  }

  /** Runs a flow and gives back what came of it; `undefined` when a step failed. */
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

  /** Runs a step, which throws when what it promises does not hold. */
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

  /** A line below a step. */
  remark(text: string): void {
    this.#output.remark(`${' '.repeat(14)}${text}`)
  }
}

/** A step has failed and said so. */
class StepFailed extends Error {}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
