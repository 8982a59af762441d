import { once } from 'node:events'
import { setTimeout as after } from 'node:timers/promises'

/** Waits for so many milliseconds, or until the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await after(ms, undefined, { signal }).catch(() => undefined)
}

/** Waits until one of the signals is aborted. */
export async function untilAborted(...signals: AbortSignal[]): Promise<void> {
  const any = AbortSignal.any(signals)
  if (!any.aborted) await once(any, 'abort')
}

/** Waits for `work`, or until the signal is aborted; then `work` goes on by itself. */
export async function orAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly value: T } | undefined> {
  const aborted = Promise.withResolvers<undefined>()
  const stop = (): void => {
    aborted.resolve(undefined)
  }
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  // Nobody waits for it any more after an abort.
  work.catch(() => undefined)
  try {
    return await Promise.race([work.then((value) => ({ value })), aborted.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/**
 * Waits for `work` for so many milliseconds at most; then `work` goes on by itself.
 *
 * @throws Error when the time is up, and what `work` throws.
 */
export async function within<T>(ms: number, what: string, work: () => Promise<T> | T): Promise<T> {
  const timer = new AbortController()
  const late = after(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what} took longer than ${ms} ms`)
  })
  // The end of the timer is no news.
  late.catch(() => undefined)
  try {
    return await Promise.race([work(), late])
  } finally {
    timer.abort()
  }
}
