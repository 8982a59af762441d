import type { HttpReply } from '../http-stand-in/http-stand-in.ts'

/** The details of a refusal. */
export interface OpenaiErrorDetail {
  readonly status: number
  readonly message: string
  readonly code?: string
  readonly param?: string
  readonly type?: string
}

/** A request that the service refuses. */
export class OpenaiError extends Error {
  readonly reply: HttpReply

  constructor(detail: OpenaiErrorDetail) {
    super(detail.message)
    this.reply = { status: detail.status, body: openaiErrorBody(detail) }
  }
}

/** The body of an error answer. */
export function openaiErrorBody({
  status,
  message,
  code,
  param,
  type,
}: OpenaiErrorDetail): unknown {
  return {
    error: { message, type: type ?? typeOf(status), param: param ?? null, code: code ?? null },
  }
}

function typeOf(status: number): string {
  if (status === 429) return 'requests'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}
