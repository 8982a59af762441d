import type { DeadlineExceeded, StoreRefused, StoreUnavailable } from '../../errors.ts'
import { withCause } from '../../with-cause.ts'

/** Replies that speak of the server's state and not of the command. */
const unavailableCodes: ReadonlySet<string> = new Set([
  'LOADING',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'READONLY',
  'BUSY',
  'TRYAGAIN',
  'NOREPLICAS',
  'UNBLOCKED',
])

/** Refusals that pass: the server is out of memory, or cannot write its snapshot. */
const passingCodes: ReadonlySet<string> = new Set(['OOM', 'MISCONF', 'EXECABORT'])

/** Says what a rejection of the Redis client means to the caller. */
export function redisFailure(error: unknown, operation: string): StoreUnavailable | StoreRefused {
  const code = replyCode(error)
  if (code === undefined || unavailableCodes.has(code))
    return redisUnavailable(operation, code ?? reasonOf(error), error)
  const message = `Redis refused \`${operation}\`: ${code}`
  const refused: StoreRefused = {
    type: 'store-refused',
    store: 'redis',
    operation,
    code,
    message,
    retryable: passingCodes.has(code),
  }
  return withCause(refused, withoutArguments(error))
}

/** The failure of a command that was not carried out as far as anybody knows. */
export function redisUnavailable(
  operation: string,
  reason: string,
  cause?: unknown,
): StoreUnavailable {
  const message = `Redis is not available for \`${operation}\`: ${reason}`
  const unavailable: StoreUnavailable = {
    type: 'store-unavailable',
    store: 'redis',
    operation,
    message,
    retryable: true,
  }
  return withCause(unavailable, cause)
}

/** The failure of a command whose answer did not come in time. */
export function redisDeadlineExceeded(operation: string, deadlineMs: number): DeadlineExceeded {
  const message = `Redis did not answer \`${operation}\` within ${deadlineMs} ms`
  return {
    type: 'deadline-exceeded',
    store: 'redis',
    operation,
    deadlineMs,
    message,
    retryable: true,
  }
}

/**
 * The code that starts an error reply of the server, `WRONGTYPE` for instance; `undefined` for
 * every error that is no reply.
 */
export function replyCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || 'code' in error) return undefined
  return /^([A-Z][A-Z0-9]+)(?: |$)/.exec(error.message)?.[1]
}

/** The server quotes the arguments of a command that it does not know. */
function withoutArguments(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const quoted = error.message.indexOf(', with args')
  return quoted < 0 ? error : new Error(error.message.slice(0, quoted))
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map(reasonOf).join(', ')
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.message === '' ? error.constructor.name : error.message
}
