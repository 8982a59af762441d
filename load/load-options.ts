import type { Slo } from './slo/slo.ts'

/** A load. */
export interface LoadOptions {
  /** Requests a second, on average. */
  readonly rate: number
  readonly seconds: number
  /** Seconds before, at the same rate, whose requests are not noted. */
  readonly warmUpSeconds: number
  /** Draws the arrivals; the same seed draws the same ones. */
  readonly seed: number
  readonly slo: Slo
  /** The most requests under way. */
  readonly maxInFlight: number
  /** Time after which a request has failed. */
  readonly timeoutMs: number
  /** By how much 99 of 100 requests may be sent late, for the run to count. */
  readonly maxLagMs: number
}

/** The defaults of {@link LoadOptions}. */
export const loadDefaults = {
  rate: 50,
  seconds: 300,
  warmUpSeconds: 10,
  seed: 1,
  maxInFlight: 500,
  // The example itself answers after ten seconds at the latest.
  timeoutMs: 15_000,
  maxLagMs: 25,
} as const satisfies Omit<LoadOptions, 'slo'>
