import { refuse } from './failure.ts'

const late = {
  type: 'deadline-exceeded',
  message: 'the time for the request is over',
  retryable: true,
} as const

/**
 * Runs a request for `ms` at most, or until its client has gone. Then the signal of the work is
 * aborted, and the request is refused without waiting for what still runs.
 */
export async function runWithin<T>(
  ms: number,
  clientGone: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (clientGone.aborted) return refuse(late)
  const over = new AbortController()
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const end = () => {
    over.abort()
    resolve(undefined)
  }
  // `AbortSignal.timeout` would live on after the answer, until its time is over.
  const timer = setTimeout(end, ms).unref()
  clientGone.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([work(over.signal), promise.then(() => refuse(late))])
  } finally {
    clearTimeout(timer)
    clientGone.removeEventListener('abort', end)
  }
}
