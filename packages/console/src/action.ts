import { err, validate } from '@headwater/core'
import type { AsyncResult, Failure, InvalidInput, Result, Schema } from '@headwater/core'

/** What an action did. */
export interface Deed {
  /** In the past tense, for the audit and the operator: `replayed 12 events`. */
  readonly outcome: string
  /** What the operator asked to see; never part of the audit. */
  readonly data?: unknown
}

/** Something that an operator can do. Its input is checked, and is the subject in the audit. */
export interface Action {
  /** Checks the input; nothing happens before `run`. */
  prepare(input: unknown): Result<PreparedAction, InvalidInput>
}

/** An action with its checked input. */
export interface PreparedAction {
  readonly subject: unknown
  run(): AsyncResult<Deed, Failure<string>>
}

/** An action with the schema of its input. */
export function action<Input>(
  schema: Schema<Input>,
  run: (input: Input) => AsyncResult<Deed, Failure<string>>,
): Action {
  return {
    prepare: (input) =>
      validate(schema, input).map((subject) => ({ subject, run: () => run(subject) })),
  }
}

/** Refuses while the last one goes on: whoever waited in vain for it would start another. */
export function oneAtATime(
  run: () => AsyncResult<Deed, Failure<string>>,
): () => Promise<Result<Deed, Failure<string>>> {
  let isRunning = false
  return async () => {
    if (isRunning) return err(stillRunning)
    isRunning = true
    try {
      return await run()
    } finally {
      isRunning = false
    }
  }
}

const stillRunning: Failure<'still-running'> = {
  type: 'still-running',
  message: 'the last one is still going on: the audit says how it ends',
  retryable: true,
}

/** A number of things in words: `1 event`, `12 events`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
