/** The longest delay that one timer of Node takes; a longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1

/**
 * Calls `expire` after `ms`, however long that is; `Infinity` never does. The returned function
 * cancels it.
 */
export function startTimer(ms: number, expire: () => void): () => void {
  if (ms === Infinity) return () => undefined
  let timer: NodeJS.Timeout
  const wait = (leftMs: number): void => {
    const stepMs = Math.min(leftMs, longestTimerMs)
    const next = leftMs === stepMs ? expire : () => wait(leftMs - stepMs)
    timer = setTimeout(next, stepMs)
  }
  wait(ms)
  return () => {
    clearTimeout(timer)
  }
}
