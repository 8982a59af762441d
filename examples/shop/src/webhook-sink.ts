import { defineSink, FailureError } from '@headwater/core'
import type { OutboxEvent, Sink } from '@headwater/core'

/**
 * Posts each event to a URL, in order per order. The receiver knows by `Idempotency-Key` what it
 * has seen before. While it does not answer, or says 5xx, the events wait.
 */
export function webhookSink(url: string): Sink {
  return defineSink({
    name: 'webhook',
    types: ['order.*'],
    mode: 'log',
    handle: async (events, { signal }) => {
      for (const event of events) await post(url, event, signal)
    },
  })
}

async function post(url: string, { id, type, payload }: OutboxEvent, signal: AbortSignal) {
  const request = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': id },
    body: JSON.stringify({ type, payload }),
    signal,
  }
  const status = await fetch(url, request).then(
    (response) => response.status,
    () => 503,
  )
  if (status < 300) return
  const retryable = status >= 500 || status === 429
  throw new FailureError({ type: 'webhook-refused', message: `HTTP ${status}`, retryable })
}
