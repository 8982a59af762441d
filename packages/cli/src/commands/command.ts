import { isMissingTable } from '@headwater/core'
import type { Failure, Result, Stores } from '@headwater/core'
import type { HeadwaterConfig, HeadwaterServices } from '../config/config.ts'
import type { Paint } from '../terminal/paint.ts'
import type { Secrets } from '../terminal/secrets.ts'
import type { Terminal } from '../terminal/terminal.ts'

/** A command as it was typed, and what it works on. */
export interface Invocation {
  /** The arguments behind its name; the rest of them is a list. */
  readonly args: readonly (string | readonly string[] | undefined)[]
  /** The options, by their camel-case names. */
  readonly options: Readonly<Record<string, unknown>>
  /** Where it writes to. */
  readonly terminal: Terminal
  /** What must not be printed. */
  readonly secrets: Secrets
  /** Whether only JSON is wanted. */
  readonly isJson: boolean
  /** Reads the configuration; once for all calls. */
  readonly config: () => Promise<HeadwaterConfig>
  /** Connects the stores; once for all calls. They are closed when the command ends. */
  readonly open: () => Promise<OpenedStores>
  /** Prints an outcome before the command ends, for commands that go on. */
  readonly print: (outcome: Outcome) => void
}

/** The stores of a command. */
export interface OpenedStores {
  readonly stores: Stores
  /** The services that the configuration makes of them; without any, nothing. */
  readonly services: () => Promise<HeadwaterServices>
}

/** What a command found out or did. */
export interface Outcome {
  /** Printed with `--json`, behind `version` and `command`. */
  readonly data: object
  /** Printed otherwise. */
  readonly text: (paint: Paint) => string
  /** Whether the exit code is 1, because something was found or left undone. */
  readonly isFinding?: boolean
}

/** Carries out a command; `undefined` when everything was printed meanwhile. */
export type Command = (invocation: Invocation) => Promise<Outcome | undefined>

/** A failure that ends a command with exit code 1. */
export class CommandFailed extends Error {
  /** The failure of the SDK. */
  readonly failure: Failure<string>

  constructor(failure: Failure<string>) {
    super(failure.message)
    this.name = 'CommandFailed'
    this.failure = failure
  }
}

/** The value of a result; a failure ends the command. */
export function valueOf<T>(result: Result<T, Failure<string>>): T {
  if (result.isOk()) return result.value
  const { error } = result
  if (!isMissingTable(error)) throw new CommandFailed(error)
  const hint = 'run headwater migrate, with the sets of the application'
  throw new CommandFailed({ ...error, message: `${error.message}: ${hint}` })
}

/** A plan that waits for `--yes`: it is printed, and nothing is done. */
export function plan(data: object, text: (paint: Paint) => string): Outcome {
  const hint = 'Nothing was changed: add --yes to do it.'
  return {
    data: { ...data, isApplied: false },
    text: (paint) => `${text(paint)}\n${paint('doubtful', hint)}`,
    isFinding: true,
  }
}
