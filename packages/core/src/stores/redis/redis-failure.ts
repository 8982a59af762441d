import type { DeadlineExceeded, StoreRefused, StoreUnavailable } from '../../errors.ts'
import { errorSummary } from '../../failure/error-summary.ts'
import { unreachableReason } from '../../resilience/unreachable.ts'
import { withCause } from '../../failure/with-cause.ts'

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

/** Replies to a connection that does not say who it is, in words. */
const credentialReplies: Readonly<Record<string, string>> = {
  NOAUTH: 'it wants a password',
  WRONGPASS: 'user or password was not accepted',
  NOPERM: 'the user lacks a permission',
}

/** Says what a rejection of the Redis client means to the caller. */
export function redisFailure(error: unknown, operation: string): StoreUnavailable | StoreRefused {
  const code = replyCode(error)
  if (isUnavailable(error, code)) {
    const reason = code ?? reasonOf(error)
    return redisUnavailable(operation, reason, errorSummary(error, reason))
  }
  const reason = code ?? 'a reply of its own'
  const message = `Redis refused \`${operation}\`: ${reason}`
  const refused: StoreRefused = {
    type: 'store-refused',
    store: 'redis',
    operation,
    message,
    retryable: code !== undefined && passingCodes.has(code),
    ...(code === undefined ? {} : { code }),
  }
  return withCause(refused, errorSummary(error, quietWordsOf(error) ?? reason))
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
  const message = `Redis did not answer \`${operation}\` within ${Math.round(deadlineMs)} ms`
  return {
    type: 'deadline-exceeded',
    store: 'redis',
    operation,
    deadlineMs,
    message,
    retryable: true,
  }
}

/** Why a connection to Redis failed, for the failures of all commands until it is up. */
export function connectReason(error: unknown): string {
  const code = replyCode(error)
  if (code !== undefined) return `${credentialReplies[code] ?? 'it refused'} (${code})`
  const reason = reasonOf(error)
  if (reason.startsWith('Socket closed unexpectedly')) return closedAtOnce
  // A server that accepts a connection and says nothing is left by its client.
  return reason === 'Connection timeout' || reason === 'Disconnects client' ? noAnswer : reason
}

/** Whether the server refuses the credentials, which no further attempt will change. */
export function isDenied(error: unknown): boolean {
  return ['NOAUTH', 'WRONGPASS'].includes(replyCode(error) ?? '')
}

/** Why commands fail while a server has never said anything. */
export const noAnswer =
  'no answer yet: it hangs, or the port is wrong, or it wants TLS (rediss://) or not (redis://)'

/** Why commands fail while a server that has served says nothing. */
export const silence = 'it no longer answers: it hangs, or the network is cut'

const closedAtOnce =
  'the server closed the connection without a word: does it want TLS (rediss://), or is it another server?'

/**
 * The code that starts an error reply of the server, `WRONGTYPE` for instance; `undefined` for
 * every error that is no reply.
 */
export function replyCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || 'code' in error) return undefined
  return /^([A-Z][A-Z0-9]+)(?: |$)/.exec(error.message)?.[1]
}

function isUnavailable(error: unknown, code: string | undefined): boolean {
  return code === undefined ? !isReply(error) : unavailableCodes.has(code)
}

/** Replies to a script may be of any form. */
function isReply(error: unknown): boolean {
  return error instanceof Error && /^(Simple|Blob|Reply)Error$/.test(error.constructor.name)
}

/** The server quotes a command that it does not know, and scripts quote what they like. */
function quietWordsOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !/^[A-Z]+ [\w ,.-]+$/.test(error.message)) return undefined
  return error.message.includes('script') ? undefined : error.message
}

function reasonOf(error: unknown): string {
  const unreachable = unreachableReason(error)
  if (unreachable !== undefined) return unreachable
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map(reasonOf).join(', ')
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && typeof error.code === 'string') return error.code
  // What is no JSON is quoted.
  if (error instanceof SyntaxError) return error.name
  return error.message === '' ? error.constructor.name : error.message
}
