import { setTimeout as after } from 'node:timers/promises'

/** Waits for so many milliseconds, or until the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await after(ms, undefined, { signal }).catch(() => undefined)
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
