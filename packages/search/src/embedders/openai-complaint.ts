import { unreachableReason, type Complaint } from '@headwater/core'
import type { EmbedError } from './embedder.ts'

/** Fields common to the client's errors, whose classes are all named `Error`. */
interface ApiError {
  readonly status?: number
  readonly code?: string | null
  readonly param?: string | null
  readonly message?: string
  readonly headers?: { get(name: string): string | null }
}

const tooLargeCode = 'max_tokens_per_request'

/**
 * Classifies a rejection of OpenAI's client. The answer's text is left out: services repeat parts
 * of the request in it.
 */
export function openaiComplaint(error: unknown): Complaint {
  const { status, code, headers } = (
    typeof error === 'object' && error !== null ? error : {}
  ) as ApiError
  if (status === undefined)
    return {
      type: 'store-unavailable',
      reason: unreachableReason(error) ?? 'it could not be reached',
    }
  const reason = [`HTTP ${status}`, code].filter((part) => typeof part === 'string').join(', ')
  if (status < 500 && ![408, 409, 429].includes(status))
    return {
      type: 'store-refused',
      reason,
      code: isMisconfigured(status) ? String(status) : (code ?? String(status)),
    }
  return { type: 'store-unavailable', reason, retryAfterMs: retryAfterMs(headers) }
}

/** Whether the service refused a request because it holds too many texts. */
export function isBatchTooLarge(failure: EmbedError): boolean {
  return (
    failure.type === 'store-refused' && (failure.code === tooLargeCode || failure.code === '413')
  )
}

/**
 * Whether a service refused to choose the length of vectors: OpenAI names the parameter, vLLM the
 * technique that the model would need.
 */
export function refusesDimensions(error: unknown): boolean {
  const { status, param, message = '' } = error as ApiError
  if (status !== 400 && status !== 422) return false
  return param === 'dimensions' || /dimensions|matryoshka/i.test(message)
}

/** Whether the key, the project or the model is wrong, whatever the texts are. */
function isMisconfigured(status: number): boolean {
  return [401, 402, 403, 404].includes(status)
}

function retryAfterMs(headers: ApiError['headers']): number | undefined {
  const ms = Number(headers?.get('retry-after-ms') ?? Number.NaN)
  if (Number.isFinite(ms)) return ms
  const seconds = Number(headers?.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) ? seconds * 1_000 : undefined
}
