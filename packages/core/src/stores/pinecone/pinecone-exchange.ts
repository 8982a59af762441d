import { AsyncLocalStorage } from 'node:async_hooks'
import type { Complaint } from '../../resilience/complaint.ts'
import { retryAfterMs } from '../../resilience/retry-after.ts'
import { unreachableReason } from '../../resilience/unreachable.ts'

/** One call to Pinecone as seen on the wire: its client takes no signal and hides the status. */
interface Exchange {
  readonly signal: AbortSignal
  status?: number
  retryAfterMs?: number | undefined
  description?: SeenDescription
}

/** What the client leaves out of a description of an index. */
interface SeenDescription {
  readonly metric?: string
  readonly vectorType?: string
}

/** A rejection of Pinecone's client together with what was seen on the wire. */
export class PineconeCallFailed extends Error {
  /** HTTP status of the last answer; absent when there was none. */
  readonly status: number | undefined
  /** How long the service asks to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(cause: unknown, exchange: Partial<Exchange>) {
    super(cause instanceof Error ? cause.message : 'the call failed', { cause })
    this.status = exchange.status
    this.retryAfterMs = exchange.retryAfterMs
  }
}

/**
 * Follows calls through Pinecone's client: `fetch` is handed to the client, calls are made through
 * `call`.
 */
export class PineconeExchanges {
  readonly #send: typeof fetch
  readonly #current = new AsyncLocalStorage<Exchange>()

  constructor(send: typeof fetch) {
    this.#send = send
  }

  /** Fetches for the call that is under way, with its signal. */
  readonly fetch: typeof fetch = async (input, init) => {
    const exchange = this.#current.getStore()
    if (exchange === undefined) return this.#send(input, init)
    const response = await this.#send(input, { ...init, signal: exchange.signal })
    exchange.status = response.status
    exchange.retryAfterMs = retryAfterMs(response.headers)
    if (response.ok && pathOf(input).endsWith('/describe_index_stats'))
      exchange.description = (await response.clone().json()) as SeenDescription
    return response
  }

  /** The description of the index that the call under way has seen. */
  description(): SeenDescription {
    return this.#current.getStore()?.description ?? {}
  }

  /** Runs one call; rejects with {@link PineconeCallFailed}. */
  async call<T>(signal: AbortSignal, use: () => Promise<T>): Promise<T> {
    const exchange: Exchange = { signal }
    try {
      return await this.#current.run(exchange, use)
    } catch (cause) {
      throw new PineconeCallFailed(cause, exchange)
    }
  }
}

/**
 * Says what a failed call means: by the status where it was seen, else by what the client calls its
 * error.
 */
export function pineconeComplaint(error: unknown): Complaint {
  if (!(error instanceof PineconeCallFailed))
    return { type: 'store-unavailable', reason: 'the call failed' }
  const name = error.cause instanceof Error ? error.cause.name : ''
  if (name === 'PineconeArgumentError' || error.cause instanceof TypeError)
    return { type: 'store-refused', reason: error.message }
  const status = error.status ?? statusOf(name, error.message)
  if (status === undefined)
    return {
      type: 'store-unavailable',
      reason: unreachableReason(error) ?? (name === '' ? 'no answer' : name),
    }
  const isPassing = status === 408 || status === 429 || status >= 500
  if (isPassing)
    return {
      type: 'store-unavailable',
      reason: `HTTP ${status}`,
      retryAfterMs: error.retryAfterMs,
    }
  return {
    type: 'store-refused',
    reason: meanings[status] ?? `HTTP ${status}`,
    code: String(status),
  }
}

const meanings: Readonly<Record<number, string>> = {
  401: 'the API key was not accepted (HTTP 401)',
  404: 'no such index or namespace (HTTP 404)',
}

const statuses: Readonly<Record<string, number>> = {
  PineconeBadRequestError: 400,
  PineconeAuthorizationError: 401,
  PineconePaymentRequiredError: 402,
  PineconeNotFoundError: 404,
  PineconeConflictError: 409,
  PineconeFailedPreconditionError: 412,
  PineconeUnprocessableEntityError: 422,
}

function statusOf(name: string, message: string): number | undefined {
  const told = /Status: (\d{3})/.exec(message)?.[1]
  return told === undefined ? statuses[name] : Number(told)
}

function pathOf(input: Parameters<typeof fetch>[0]): string {
  return new URL(input instanceof Request ? input.url : input).pathname
}
