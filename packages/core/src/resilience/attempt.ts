import { errorSummary } from '../failure/error-summary.ts'
import { AttemptFailed, type Complaint, GivenUp } from './complaint.ts'
import { DeadlinePassed } from './deadline.ts'

/**
 * Makes one attempt. Rejects with {@link AttemptFailed}, or {@link GivenUp} when the caller
 * aborted. Settles at the abort even when the client does not heed it, so that its slot in the
 * bulkhead is free again.
 */
export function attempt<T>(
  use: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  classify: (error: unknown) => Complaint,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason instanceof DeadlinePassed ? tooLate(signal.reason) : new GivenUp())
    }
    signal.addEventListener('abort', onAbort, { once: true })
    begin(use, signal)
      .then(resolve, (error: unknown) => {
        reject(failed(error, classify))
      })
      .finally(() => {
        signal.removeEventListener('abort', onAbort)
      })
  })
}

async function begin<T>(use: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  return use(signal)
}

function failed(error: unknown, classify: (error: unknown) => Complaint): AttemptFailed {
  try {
    const complaint = classify(error)
    return new AttemptFailed({
      ...complaint,
      cause: complaint.cause ?? errorSummary(error, complaint.reason),
    })
  } catch (mistake) {
    const reason = 'the call failed, and so did the explanation'
    return new AttemptFailed({
      type: 'store-unavailable',
      reason,
      cause: errorSummary(mistake, reason),
    })
  }
}

function tooLate(cause: DeadlinePassed): AttemptFailed {
  return new AttemptFailed({ type: 'store-unavailable', reason: 'no answer in time', cause })
}
