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
  const over = AbortSignal.any([clientGone, AbortSignal.timeout(ms)])
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const end = () => {
    resolve(undefined)
  }
  over.addEventListener('abort', end, { once: true })
  try {
    if (over.aborted) return refuse(late)
    return await Promise.race([work(over), promise.then(() => refuse(late))])
  } finally {
    over.removeEventListener('abort', end)
  }
}
