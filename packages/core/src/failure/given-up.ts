import type { DeadlineExceeded, StoreName } from '../errors.ts'

/** An operation, as failures name it. */
export interface NamedOperation {
  /** The store that it asks. */
  readonly store: StoreName
  /** What it asks of it. */
  readonly operation: string
}

/** The failure of an operation whose caller aborted it. */
export function givenUp({ store, operation }: NamedOperation, deadlineMs = 0): DeadlineExceeded {
  const message = `${store}: \`${operation}\` was given up by its caller`
  return { type: 'deadline-exceeded', store, operation, deadlineMs, message, retryable: true }
}
