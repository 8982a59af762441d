/** The fields of `pg`'s `DatabaseError` that decide what an error is. */
export interface ServerError {
  readonly severity?: string
  readonly code: string
  readonly message: string
  readonly constraint?: string
  readonly column?: string
  readonly table?: string
}

/** Whether an error is an answer of the server. */
export function isServerError(error: unknown): error is ServerError {
  if (typeof error !== 'object' || error === null || !('severity' in error) || !('code' in error))
    return false
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code)
}

const keptFields = ['severity', 'code', 'constraint', 'column', 'table', 'schema', 'routine']

/**
 * A copy of the server's error without what quotes a row: its detail, its context, and the message
 * of a value that the server could not read.
 */
export function withoutRow(error: ServerError): Error & ServerError {
  const message = /^22/.test(error.code) ? `SQLSTATE ${error.code}` : error.message
  const copy = new Error(message)
  copy.name = 'DatabaseError'
  if (error instanceof Error) copy.stack = framesOf(error, `${copy.name}: ${message}`)
  const kept = keptFields.map((field) => [field, Reflect.get(error, field)] as const)
  return Object.assign(copy, Object.fromEntries(kept)) as Error & ServerError
}

function framesOf({ stack = '' }: Error, heading: string): string {
  return stack.replace(/^[\s\S]*?(?=\n {4}at |$)/, heading)
}
