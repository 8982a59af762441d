/**
 * Waits for `work` for `ms` at most, then resolves with what `late` returns; `work` goes on. Rejects
 * as `work` does. `Infinity` waits for ever.
 */
export async function within<T, Late>(
  work: Promise<T>,
  ms: number,
  late: () => Late,
): Promise<T | Late> {
  if (ms === Infinity) return work
  const { promise, resolve } = Promise.withResolvers<Late>()
  const timer = setTimeout(() => {
    resolve(late())
  }, ms)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
