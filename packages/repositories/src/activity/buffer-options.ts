/** Options of the buffer of activity. */
export interface ActivityBufferOptions {
  /**
   * Entries that the process holds at most; further ones are dropped and reported as
   * `activity:dropped`.
   *
   * @defaultValue `10_000`
   */
  readonly maxBuffered?: number
  /**
   * Entries written at once; reaching that number starts a flush.
   *
   * @defaultValue `500`
   */
  readonly batchSize?: number
  /**
   * Longest time that an entry waits for others, in milliseconds.
   *
   * @defaultValue `500`
   */
  readonly flushIntervalMs?: number
  /**
   * Time until MongoDB is tried again after it failed, in milliseconds. Doubles with each failure,
   * up to 32 times this value.
   *
   * @defaultValue `1_000`
   */
  readonly retryMs?: number
}

/** Defaults of {@link ActivityBufferOptions}. */
export const activityBufferDefaults = {
  maxBuffered: 10_000,
  batchSize: 500,
  flushIntervalMs: 500,
  retryMs: 1_000,
} as const satisfies Required<ActivityBufferOptions>
