import type { Clock } from '@headwater/core'

/** Where a command writes to, and what it knows of its surroundings. */
export interface Terminal {
  /** Writes to the standard output: data. */
  readonly out: (text: string) => void
  /** Writes to the standard error output: progress and complaints. */
  readonly err: (text: string) => void
  /** Whether somebody looks at the standard output. */
  readonly isOutTty: boolean
  /** Whether somebody looks at the standard error output. */
  readonly isErrTty: boolean
  /** Width of the terminal that shows progress; of a pipe, as much as anything needs. */
  readonly columns: number
  /** The variables of the environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The folder that the command runs in. */
  readonly directory: string
  /** Where time comes from. */
  readonly clock: Clock
  /**
   * From the first call on, Ctrl-C aborts the signal instead of ending the process; a second one
   * ends it.
   */
  readonly interrupted: () => AbortSignal
}
