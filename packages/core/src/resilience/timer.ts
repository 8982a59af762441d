/** The longest delay that one timer of Node takes; a longer one would fire at once. */
export const longestTimerMs = 2 ** 31 - 1

/**
 * Calls `expire` after `ms`, however long that is; `Infinity` never does. The returned function
 * cancels it.
 *
 * Answers that have arrived by then are read first, and a stall of the event loop, in which nothing
 * can be sent or read, counts for half the time at most.
 */
export function startTimer(ms: number, expire: () => void): () => void {
  if (ms === Infinity) return () => undefined
  let cancel: () => void
  const wait = (leftMs: number): void => {
    const stepMs = Math.min(leftMs, ms / 2, longestTimerMs)
    const next = (): void => {
      if (leftMs === stepMs) expire()
      else wait(leftMs - stepMs)
    }
    const timer = setTimeout(() => {
      // Timers run before sockets are read.
      const turn = setImmediate(next)
      cancel = () => {
        clearImmediate(turn)
      }
    }, Math.ceil(stepMs))
    cancel = () => {
      clearTimeout(timer)
    }
  }
  wait(ms)
  return () => {
    cancel()
  }
}
