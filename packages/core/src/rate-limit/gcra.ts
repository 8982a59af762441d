/** The pace of one subject: `burst` requests at once, and one more every `intervalUs`. */
export interface Rate {
  /** Requests at once. */
  readonly burst: number
  /** Time in which one request is earned back, in microseconds. */
  readonly intervalUs: number
}

/** The verdict on one request. Times in microseconds. */
export interface Verdict {
  /** Whether it may pass. */
  readonly isAllowed: boolean
  /** Requests that could pass right after the verdict. */
  readonly remaining: number
  /** Time until the whole burst is available again. */
  readonly resetUs: number
  /** Time until the request can pass; 0 when it can now. */
  readonly retryAfterUs: number
}

/** A verdict, with the state to remember for the next one. */
export interface Decision extends Verdict {
  /** When the whole burst is available again: the theoretical arrival time. */
  readonly arrivalUs: number
}

/**
 * Decides on a request at `nowUs` that counts as `cost` requests, by the generic cell rate
 * algorithm; `arrivalUs` is the remembered state, 0 without one. The scripts do the same
 * arithmetic.
 */
export function take(rate: Rate, arrivalUs: number, nowUs: number, cost = 1): Decision {
  const verdict = look(rate, arrivalUs, nowUs, cost)
  if (!verdict.isAllowed) return { ...verdict, arrivalUs }
  const next = sinceOf(rate, arrivalUs, nowUs) + cost * rate.intervalUs
  const remaining = verdict.remaining - cost
  return { isAllowed: true, remaining, resetUs: next - nowUs, retryAfterUs: 0, arrivalUs: next }
}

/** Decides on a request like {@link take}, without counting it. */
export function look(rate: Rate, arrivalUs: number, nowUs: number, cost = 1): Verdict {
  const since = sinceOf(rate, arrivalUs, nowUs)
  const leftUs = nowUs + rate.burst * rate.intervalUs - since
  const lackUs = cost * rate.intervalUs - leftUs
  return {
    isAllowed: lackUs <= 0,
    remaining: Math.floor(leftUs / rate.intervalUs),
    resetUs: since - nowUs,
    retryAfterUs: Math.max(0, lackUs),
  }
}

/** The state within its bounds: nothing taken, and the whole burst taken. */
function sinceOf({ burst, intervalUs }: Rate, arrivalUs: number, nowUs: number): number {
  return Math.max(Math.min(arrivalUs, nowUs + burst * intervalUs), nowUs)
}
