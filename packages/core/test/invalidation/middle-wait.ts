import { eventually } from '@headwater/testing'

const tickMs = 20
/** A process whose tick is so late stood still. */
const stallMs = 300
const maxRuns = 20

/**
 * The middle one of three times that an assertion takes to hold after what was arranged for it, in
 * milliseconds. A time in which this process stood still says nothing and does not count.
 */
export async function middleWait(
  arrange: () => Promise<void>,
  assertion: () => Promise<void>,
): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < maxRuns && times.length < 3; run += 1) {
    await arrange()
    const { ms, longestStallMs } = await timeOf(assertion)
    if (longestStallMs <= stallMs) times.push(ms)
  }
  if (times.length < 3) throw new Error(`the process stood still in most of ${maxRuns} waits`)
  return times.toSorted((one, other) => one - other)[1] as number
}

async function timeOf(
  assertion: () => Promise<void>,
): Promise<{ ms: number; longestStallMs: number }> {
  const startedAt = performance.now()
  let lastAt = startedAt
  let longestStallMs = 0
  const tick = (): void => {
    const now = performance.now()
    longestStallMs = Math.max(longestStallMs, now - lastAt)
    lastAt = now
  }
  const timer = setInterval(tick, tickMs)
  try {
    await eventually(assertion, { intervalMs: 5 })
    tick()
    return { ms: lastAt - startedAt, longestStallMs }
  } finally {
    clearInterval(timer)
  }
}
