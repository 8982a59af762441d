import { NotConnected } from './not-connected.ts'
import { tlsReason } from './tls-reason.ts'

/**
 * Why a server could not be reached, in words and with the code of Node.js, wherever in an error
 * and its causes that is said. `undefined` for an error of another kind.
 */
export function unreachableReason(error: unknown): string | undefined {
  return reasonWithin(error, 0)
}

function reasonWithin(error: unknown, depth: number): string | undefined {
  if (!(error instanceof Error) || depth > maxDepth) return undefined
  // What lies beneath happened elsewhere, for instance where a password is kept.
  if (error instanceof NotConnected) return error.message
  const inner = error instanceof AggregateError ? error.errors : [error.cause]
  const reasons = inner.flatMap((one) => reasonWithin(one, depth + 1) ?? [])
  return reasons.length > 0 ? [...new Set(reasons)].join(', ') : reasonOf(error)
}

const maxDepth = 5

interface SystemError extends Error {
  readonly code?: unknown
  readonly hostname?: unknown
  readonly address?: unknown
  readonly port?: unknown
}

function reasonOf(error: SystemError): string | undefined {
  const { code } = error
  if (typeof code !== 'string') return undefined
  const words = tlsReason(error) ?? wordsOf(code, error)
  return words === undefined ? undefined : `${words} (${code})`
}

function wordsOf(code: string, { address, port, hostname }: SystemError): string | undefined {
  const server = typeof address === 'string' ? `${address}:${String(port)}` : 'the address'
  if (code === 'ECONNREFUSED')
    return `nothing listens at ${server}: wrong host or port, or it is down`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `the host name ${typeof hostname === 'string' ? hostname : ''} is not known`
  if (/^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/.test(code))
    return `${server} does not answer`
  if (/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(code)) return 'the server closed the connection'
  return undefined
}
