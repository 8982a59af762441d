import { withCause, type SinkFailure } from '@headwater/core'

/** The failure of a sink whose store could not take the batch, which is no event's fault. */
export function sinkOutage(words: string, cause: { readonly type: string }): SinkFailure {
  const message = `${words}: ${cause.type}`
  return withCause<SinkFailure>({ type: 'sink-failed', message, retryable: true }, cause)
}
