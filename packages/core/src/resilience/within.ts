import { startTimer } from './timer.ts'

/**
 * Waits for `work` for `ms` at most, then resolves with what `late` returns; `work` goes on.
 * Rejects as `work` and `late` do. `Infinity` waits for ever.
 */
export async function within<T, Late>(
  work: Promise<T>,
  ms: number,
  late: () => Late,
): Promise<T | Late> {
  if (ms === Infinity) return work
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const cancel = startTimer(ms, () => {
    resolve(undefined)
  })
  try {
    return await Promise.race([work, promise.then(late)])
  } finally {
    cancel()
  }
}
