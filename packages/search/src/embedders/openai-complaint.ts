import { retryAfterMs, unreachableReason, type Complaint } from '@headwater/core'
import type { EmbedError } from './embedder.ts'

/** Fields common to the client's errors, whose classes are all named `Error`. */
interface ApiError {
  readonly status?: number
  readonly code?: unknown
  readonly param?: unknown
  readonly message?: string
  readonly headers?: Pick<Headers, 'get'>
}

/** A parameter of a request that a service may not know. */
export type OptionalParameter = 'dimensions' | 'encoding_format'

interface Meaning {
  readonly code: string
  readonly words: RegExp
  readonly reason: string
}

/** What services say of texts. Some of them say it with the status of an outage. */
const meanings: readonly Meaning[] = [
  {
    code: 'text-too-long',
    words: /too large to process|context (length|size|window)|less than \d+ tokens/i,
    reason: 'a text is longer than the model takes',
  },
  {
    code: 'too-many-texts',
    words:
      /batch size|too many (inputs|texts)|number of inputs|at most \d+ (requests|inputs|texts)/i,
    reason: 'the request holds more texts than the service takes',
  },
  {
    code: 'not-a-number',
    words: /unsupported value: NaN/i,
    reason: 'the model found no vector for a text (NaN)',
  },
]

const hints: Readonly<Record<number, string>> = {
  401: 'the API key was not accepted',
  402: 'the account has no credit',
  404: 'no such model or address: check `model`, and that `baseURL` ends where `/embeddings` follows',
}

/**
 * Classifies a rejection of OpenAI's client. The answer's text is left out: services repeat parts
 * of the request in it.
 */
export function openaiComplaint(error: unknown): Complaint {
  const failed = (typeof error === 'object' && error !== null ? error : {}) as ApiError
  const { status, headers, message = '' } = failed
  if (status === undefined)
    return {
      type: 'store-unavailable',
      reason: unreachableReason(error) ?? 'it could not be reached',
    }
  const code = typeof failed.code === 'string' ? failed.code : undefined
  const said = [`HTTP ${status}`, code].filter((part) => part !== undefined).join(', ')
  if (code === 'insufficient_quota')
    return { type: 'store-refused', code, reason: `the account has no quota left (${said})` }
  const meaning = status === 429 ? undefined : meanings.find(({ words }) => words.test(message))
  if (meaning !== undefined)
    return { type: 'store-refused', code: meaning.code, reason: `${meaning.reason} (${said})` }
  if (status >= 500 || [408, 409, 429].includes(status))
    return {
      type: 'store-unavailable',
      reason: said,
      retryAfterMs: headers === undefined ? undefined : retryAfterMs(headers),
    }
  const hint = hints[status]
  return {
    type: 'store-refused',
    reason: hint === undefined ? said : `${hint} (${said})`,
    code: isMisconfigured(status) ? String(status) : (code ?? String(status)),
  }
}

const batchCodes = ['max_tokens_per_request', '413', 'too-many-texts', 'miscounted']

/** Whether fewer texts in one request may do better. */
export function isBatchTooLarge(failure: EmbedError): boolean {
  return failure.type === 'store-refused' && batchCodes.includes(failure.code ?? '')
}

/**
 * The parameter that a service refused: it does not choose the length of vectors, or knows no
 * base64. OpenAI names the parameter, vLLM the technique that the model would need, and LiteLLM
 * calls it an error of its own.
 */
export function refusedParameter(error: unknown): OptionalParameter | undefined {
  const { status = 0, param, message = '' } = error as ApiError
  if (![400, 422, 500].includes(status)) return undefined
  if (param === 'encoding_format' || /encoding_format|base64/i.test(message))
    return 'encoding_format'
  return param === 'dimensions' || /dimensions|matryoshka/i.test(message) ? 'dimensions' : undefined
}

/** Whether the key, the project or the model is wrong, whatever the texts are. */
function isMisconfigured(status: number): boolean {
  return [401, 402, 403, 404].includes(status)
}
