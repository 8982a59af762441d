import { errorSummary } from '../../failure/error-summary.ts'

/** The fields of `pg`'s `DatabaseError` that decide what an error is. */
export interface ServerError {
  readonly severity?: string
  readonly code: string
  readonly message: string
  readonly constraint?: string
  readonly column?: string
  readonly table?: string
  readonly routine?: string
}

/** Whether an error is an answer of the server. */
export function isServerError(error: unknown): error is ServerError {
  if (typeof error !== 'object' || error === null || !('severity' in error) || !('code' in error))
    return false
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code)
}

const keptFields = ['severity', 'code', 'constraint', 'column', 'table', 'schema', 'routine']

/** Classes of codes under which the server speaks of names and of itself, not of values. */
const quietClasses = /^(0[0-9A-F]|2[35-9BDF]|3[BDF]|40|42|44|5[3-8])/

/** Why a server is refused; a function of the migrations raises it too. */
export const standbyAnswers = 'a standby answers, which may lag behind its primary'

/** What the functions of the migrations raise. */
const ownWords = [standbyAnswers, 'another server answers than before, such as a promoted standby']

/**
 * A copy of the server's error without what quotes a row: its detail, its context, and the message
 * of a value that the server could not read, of a function or an extension.
 */
export function withoutRow(error: ServerError): Error & ServerError {
  const isRaised = error.routine === 'exec_stmt_raise'
  const isQuiet = isRaised ? ownWords.includes(error.message) : quietClasses.test(error.code)
  const copy = errorSummary(error, isQuiet ? error.message : `SQLSTATE ${error.code}`)
  copy.name = 'DatabaseError'
  const kept = keptFields.map((field) => [field, Reflect.get(error, field)] as const)
  return Object.assign(copy, Object.fromEntries(kept)) as Error & ServerError
}
