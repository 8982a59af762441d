/** The pace of one subject: `burst` requests at once, and one more every `intervalUs`. */
export interface Rate {
  /** Requests at once. */
  readonly burst: number
  /** Time in which one request is earned back, in microseconds. */
  readonly intervalUs: number
}

/** The decision on one request. Times in microseconds. */
export interface Verdict {
  /** Whether it may pass. */
  readonly isAllowed: boolean
  /** Requests that could pass right after it. */
  readonly remaining: number
  /** Time until the whole burst is available again. */
  readonly resetUs: number
  /** Time until a request can pass; 0 when one may pass now. */
  readonly retryAfterUs: number
}

/** A decision, with the state to remember for the next one. */
export interface Decision extends Verdict {
  /** When the whole burst is available again: the theoretical arrival time. */
  readonly arrivalUs: number
}

/**
 * Decides on one request at `nowUs` by the generic cell rate algorithm; `arrivalUs` is the
 * remembered state, 0 without one. The scripts do the same arithmetic.
 */
export function take(rate: Rate, arrivalUs: number, nowUs: number): Decision {
  const since = sinceOf(rate, arrivalUs, nowUs)
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
 * The verdict of a limit that would let a request pass which another limit refuses: not counted.
 */
export function untaken(rate: Rate, arrivalUs: number, nowUs: number): Verdict {
  const since = sinceOf(rate, arrivalUs, nowUs)
  const remaining = Math.floor((nowUs + rate.burst * rate.intervalUs - since) / rate.intervalUs)
  return { isAllowed: true, remaining, resetUs: since - nowUs, retryAfterUs: 0 }
}

/** The state within its bounds: nothing taken, and the whole burst taken. */
function sinceOf({ burst, intervalUs }: Rate, arrivalUs: number, nowUs: number): number {
  return Math.max(Math.min(arrivalUs, nowUs + burst * intervalUs), nowUs)
}
