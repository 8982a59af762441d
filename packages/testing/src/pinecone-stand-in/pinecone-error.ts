import type { HttpReply } from '../http-stand-in/http-stand-in.ts'

/** The codes of gRPC that the service uses, by name. */
const rpcCodes = {
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  RESOURCE_EXHAUSTED: 8,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  FORBIDDEN: 7,
} as const

/** The reason for a refusal. */
export type PineconeErrorCode = keyof typeof rpcCodes

/** A request that the service refuses. The planes of the service word it differently. */
export class PineconeError extends Error {
  readonly status: number
  readonly code: PineconeErrorCode

  constructor(status: number, code: PineconeErrorCode, message: string) {
    super(message)
    this.status = status
    this.code = code
  }

  /** The answer of the data plane. */
  get dataPlaneReply(): HttpReply {
    return { status: this.status, body: rpcStatus(this.code, this.message) }
  }

  /** The answer of the control plane. */
  get controlPlaneReply(): HttpReply {
    return {
      status: this.status,
      body: { status: this.status, error: { code: this.code, message: this.message } },
    }
  }
}

/** The refusal of an invalid request. */
export function invalidArgument(message: string): PineconeError {
  return new PineconeError(400, 'INVALID_ARGUMENT', message)
}

/** The refusal of a request for an absent resource. */
export function notFound(message: string): PineconeError {
  return new PineconeError(404, 'NOT_FOUND', message)
}

/** The body of an error answer with this status. */
export function errorBodyOf(status: number, message: string): unknown {
  if (status === 429) return rpcStatus('RESOURCE_EXHAUSTED', message)
  if (status === 503) return rpcStatus('UNAVAILABLE', message)
  return rpcStatus(status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT', message)
}

function rpcStatus(code: PineconeErrorCode, message: string): unknown {
  return { code: rpcCodes[code], message, details: [] }
}
