/**
 * Where the SDK takes the time from; the only place where it is read. Tests hand in a clock of
 * their own.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch; may jump. */
  now(): number
  /** Monotonic time in milliseconds, for durations and deadlines. */
  monotonic(): number
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}
