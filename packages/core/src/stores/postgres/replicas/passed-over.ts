import type { DiagnosticEvents } from '../../../diagnostics.ts'

/** What a replica is for the primary. */
export type ReplicaState = DiagnosticEvents['replica:state']['state']

/** Why no replica answered a read. */
export type PassedOverReason = DiagnosticEvents['replica:passed-over']['reason']

/** A replica does not answer a read. */
export class PassedOver extends Error {
  readonly reason: PassedOverReason

  constructor(reason: PassedOverReason) {
    super(reason)
    this.reason = reason
  }
}

/** Waits for `work` until the signal is aborted, then rejects with {@link PassedOver}. */
export async function unlessPassedOver<T>(
  work: Promise<T>,
  signal: AbortSignal,
  reason: PassedOverReason,
): Promise<T> {
  const over = Promise.withResolvers<never>()
  const end = (): void => {
    over.reject(new PassedOver(reason))
  }
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  try {
    return await Promise.race([work, over.promise])
  } finally {
    signal.removeEventListener('abort', end)
  }
}
