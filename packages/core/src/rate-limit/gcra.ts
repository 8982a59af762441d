/** How fast one subject may go: `burst` at once, and one more every `intervalUs` microseconds. */
export interface Rate {
  /** Requests at once. */
  readonly burst: number
  /** Microseconds in which one request is earned back. */
  readonly intervalUs: number
}

/** What the algorithm says to one request. Times in microseconds. */
export interface Verdict {
  /** Whether it may pass. */
  readonly isAllowed: boolean
  /** Requests that could pass right after it. */
  readonly remaining: number
  /** Time until all of the burst is there again. */
  readonly resetUs: number
  /** Time until a request can pass; 0 when it may pass now. */
  readonly retryAfterUs: number
  /** When all of the burst is there again, to be remembered: the theoretical arrival time. */
  readonly arrivalUs: number
}

/**
 * The generic cell rate algorithm for one request at `nowUs`; `arrivalUs` is what was remembered of
 * the one before, 0 when nothing was. The same arithmetic as the scripts'.
 */
export function take(rate: Rate, arrivalUs: number, nowUs: number): Verdict {
  const since = Math.max(arrivalUs, nowUs)
  const next = since + rate.intervalUs
  const slack = nowUs + rate.burst * rate.intervalUs - next
  if (slack < 0)
    return {
      isAllowed: false,
      remaining: 0,
      resetUs: since - nowUs,
      retryAfterUs: -slack,
      arrivalUs,
    }
  const remaining = Math.floor(slack / rate.intervalUs)
  return { isAllowed: true, remaining, resetUs: next - nowUs, retryAfterUs: 0, arrivalUs: next }
}

/**
 * What is said of a limit that would have let a request pass which another one refused: as it
 * stands, with nothing taken.
 */
export function untaken(rate: Rate, arrivalUs: number, nowUs: number): Verdict {
  const since = Math.max(arrivalUs, nowUs)
  const remaining = Math.floor((nowUs + rate.burst * rate.intervalUs - since) / rate.intervalUs)
  return { isAllowed: true, remaining, resetUs: since - nowUs, retryAfterUs: 0, arrivalUs }
}
