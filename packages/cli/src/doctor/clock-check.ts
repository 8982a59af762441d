import { duration } from '../terminal/words.ts'
import type { Findings } from './check.ts'

/** Wall-clock times around a question, and the server's in its answer. */
export interface ClockReading {
  readonly askedMs: number
  readonly answeredMs: number
  readonly serverMs: number
}

/** Clocks that differ by more are said to, in milliseconds. */
const toleratedMs = 1_000

/** Compares the clock of a server with this machine's, as far as the round trip permits. */
export function checkClock(
  findings: Findings,
  { askedMs, answeredMs, serverMs }: ClockReading,
): void {
  const differenceMs = serverMs - (askedMs + answeredMs) / 2
  const certainMs = Math.abs(differenceMs) - (answeredMs - askedMs) / 2
  if (certainMs <= toleratedMs) return findings.ok('clock', 'the same as here')
  const side = differenceMs > 0 ? 'ahead of' : 'behind'
  findings.warn(
    'clock',
    `${duration(certainMs)} or more ${side} the clock of this machine`,
    'let both machines follow NTP',
  )
}
