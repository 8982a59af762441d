import { setTimeout as after } from 'node:timers/promises'

/** Options of {@link eventually}. */
export interface EventuallyOptions {
  /**
   * Milliseconds after which the last failure is thrown.
   *
   * @defaultValue 30000
   */
  timeoutMs?: number
  /**
   * Milliseconds between two attempts.
   *
   * @defaultValue 20
   */
  intervalMs?: number
}

const eventuallyDefaults = { timeoutMs: 30_000, intervalMs: 20 }

/**
 * Repeats an assertion until it holds and resolves to what it returned. It holds when it neither
 * throws nor returns `false`. An attempt that never settles counts as a failure.
 *
 * @throws the assertion's last error once the time is up.
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false>> {
  const { timeoutMs, intervalMs } = { ...eventuallyDefaults, ...options }
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const left = Math.max(0, deadline - performance.now())
    const outcome = await attempt(assertion, left)
    if ('value' in outcome) return outcome.value
    if (performance.now() + intervalMs > deadline) throw outcome.failure
    await after(intervalMs)
  }
}

async function attempt<T>(
  assertion: () => T | Promise<T>,
  limitMs: number,
): Promise<{ value: Exclude<T, false> } | { failure: unknown }> {
  const waiting = new AbortController()
  const late = after(limitMs, false as const, { signal: waiting.signal }).catch(
    () => false as const,
  )
  try {
    const value = await Promise.race([Promise.resolve().then(assertion), late])
    if (value === false)
      return { failure: new Error('It returned false, or did not settle, until the time was up') }
    return { value: value as Exclude<T, false> }
  } catch (failure) {
    return { failure }
  } finally {
    waiting.abort()
  }
}
