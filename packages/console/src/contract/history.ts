/** Values at the moments of {@link History}; `null` where nothing was measured. */
export type Series = readonly (number | null)[]

/** What this process did in the last minutes, as columns. */
export interface History {
  /** The moments, in seconds since the epoch. */
  readonly at: readonly number[]
  /** The share of reads that a cache answered, 0 to 1. */
  readonly hitRate: Series
  /** The mean duration of an operation, in milliseconds, by store. */
  readonly latencyMs: Readonly<Record<string, Series>>
  /** The mean duration of a search, in milliseconds. */
  readonly searchMs: Series
  /** How far each sink is behind, in milliseconds, where somebody looked. */
  readonly lagMs: Readonly<Record<string, Series>>
  /** Activity that was written to the log, per minute. */
  readonly activity: Series
  /**
   * Operations per second that did without a store: bypasses, stale answers, lost legs, activity
   * that was spilled, limits that memory decided.
   */
  readonly degraded: Series
  /** The share of reads that each cache answered, 0 to 1. */
  readonly hitRateOf: Readonly<Record<string, Series>>
}
