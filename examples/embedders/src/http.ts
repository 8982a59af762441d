import { unreachableReason } from '@headwater/core'
import type { Complaint } from '@headwater/core'

/** A server's answer that is none of what was asked for. */
export class RefusedByServer extends Error {
  readonly status: number

  /** `said` is what the server says of it, which may quote a text. */
  constructor(status: number, said: string) {
    super(said)
    this.status = status
  }
}

/** The JSON of an answer; rejects with {@link RefusedByServer} for any status but a good one. */
export async function requestJson(
  url: string,
  { signal, body }: { readonly signal: AbortSignal; readonly body?: unknown },
): Promise<unknown> {
  const answer = await fetch(url, {
    signal,
    ...(body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new RefusedByServer(answer.status, text)
  return JSON.parse(text)
}

const meanings: readonly (readonly [code: string, words: RegExp, reason: string])[] = [
  ['text-too-long', /context length/i, 'a text is longer than the model takes'],
  ['404', /not found/i, 'it does not have this model: pull it, or load it'],
]

/** Says what a failed request means, without the server's own words. */
export function complaintOf(error: unknown): Complaint {
  if (!(error instanceof RefusedByServer))
    return {
      type: 'store-unavailable',
      reason: unreachableReason(error) ?? 'its answer could not be read',
    }
  const { status, message } = error
  const [code, , reason] = meanings.find(([, words]) => words.test(message)) ?? []
  if (code !== undefined) return { type: 'store-refused', code, reason: `${reason}` }
  const isOutage = status >= 500 || status === 429
  return { type: isOutage ? 'store-unavailable' : 'store-refused', reason: `HTTP ${status}` }
}
