import type { Complaint } from '../../resilience/complaint.ts'
import { NotConnected } from '../../resilience/not-connected.ts'
import { unreachableReason } from '../../resilience/unreachable.ts'

/** Codes of a server that steps down, shuts down, or ran out of the time it was given. */
const passingCodes: ReadonlySet<number> = new Set([
  6, 7, 50, 64, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13388, 13435, 13436,
])

/** How the names of such errors begin. Not all of the driver's names begin with its own. */
const unreachable = [
  'MongoServerSelection',
  'MongoNetwork',
  'MongoPoolCleared',
  'PoolClearedOnNetwork',
  'MongoPoolClosed',
  'MongoTopologyClosed',
  'MongoNotConnected',
  'MongoWaitQueueTimeout',
  'MongoConnectionPool',
  'MongoClientClosed',
  'MongoServerClosed',
  'MongoOperationTimeout',
  'MongoCryptKMSRequestNetworkTimeout',
]

/**
 * Says what a rejection of the MongoDB driver means. The server's own words are left out, since
 * they quote documents.
 */
export function mongodbComplaint(rejection: unknown): Complaint {
  const error = errorBeneath(rejection)
  if (!(error instanceof Error)) return { type: 'store-unavailable', reason: 'the call failed' }
  if (error instanceof NotConnected)
    return { type: 'store-unavailable', reason: error.message, cause: error }
  if (unreachable.some((name) => error.name.startsWith(name)))
    return {
      type: 'store-unavailable',
      reason: unreachableReason(error) ?? error.name,
      cause: error,
    }
  // Errors of the socket pass through the driver as they are.
  if ('code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code))
    return { type: 'store-unavailable', reason: error.code, cause: error }
  const code = 'code' in error && typeof error.code === 'number' ? error.code : undefined
  if ((code !== undefined && passingCodes.has(code)) || hasRetryableLabel(error))
    return { type: 'store-unavailable', reason: `${error.name} ${code ?? ''}`.trim() }
  const reason = reasonOf(error, code)
  return {
    type: 'store-refused',
    reason,
    code: code === undefined ? undefined : String(code),
  }
}

/**
 * What a bulk write failed of: the driver wraps its own errors in one of the server's kind there.
 */
export function errorBeneath(rejection: unknown): unknown {
  if (!(rejection instanceof Error) || !('errorResponse' in rejection)) return rejection
  return rejection.errorResponse instanceof Error ? rejection.errorResponse : rejection
}

/** Whether the client has given up connecting, and sent nothing. */
export function saysTopologyClosed(rejection: unknown): boolean {
  const error = errorBeneath(rejection)
  return error instanceof Error && error.name === 'MongoTopologyClosedError'
}

/** Whether the server refuses the user or the password. */
export function saysPasswordRefused(rejection: unknown): boolean {
  const error = errorBeneath(rejection)
  if (!(error instanceof Error) || !('code' in error)) return false
  const { code, message } = error
  return code === authenticationFailed || (code === atlasError && /auth/i.test(message))
}

/** Why no server can be reached. */
export function unreachedBecause(error: unknown): string {
  return unreachableReason(error) ?? 'no server can be reached'
}

function hasRetryableLabel(error: Error): boolean {
  if (!('errorLabels' in error) || !Array.isArray(error.errorLabels)) return false
  return error.errorLabels.some(
    (label) =>
      label === 'RetryableWriteError' ||
      label === 'RetryableError' ||
      label === 'SystemOverloadedError',
  )
}

const authenticationFailed = 18
/** Atlas refuses with it what a server refuses with codes of their own: its words tell. */
const atlasError = 8000

const refusals: Readonly<Record<number, string>> = {
  13: 'the user lacks a permission, or the URL names no user',
  [authenticationFailed]: 'user or password was not accepted',
}

function reasonOf(error: Error, code: number | undefined): string {
  const { name } = error
  if (code === undefined) return name
  const words = refusals[saysPasswordRefused(error) ? authenticationFailed : code]
  return words === undefined ? `${name} ${code}` : `${words} (${name} ${code})`
}
