/** How activity is buffered. */
export interface ActivityBufferOptions {
  /**
   * How many entries the process holds at most; further ones are dropped and reported as
   * `activity:dropped`.
   *
   * @defaultValue `10_000`
   */
  readonly maxBuffered?: number
  /**
   * How many entries are written at once; reaching it starts a flush.
   *
   * @defaultValue `500`
   */
  readonly batchSize?: number
  /**
   * How long an entry waits at most for others, in milliseconds.
   *
   * @defaultValue `500`
   */
  readonly flushIntervalMs?: number
  /**
   * How soon MongoDB is tried again after it failed, in milliseconds; doubles with each failure, up
   * to 32 times.
   *
   * @defaultValue `1_000`
   */
  readonly retryMs?: number
}

/** The defaults of {@link ActivityBufferOptions}. */
export const activityBufferDefaults = {
  maxBuffered: 10_000,
  batchSize: 500,
  flushIntervalMs: 500,
  retryMs: 1_000,
} as const satisfies Required<ActivityBufferOptions>
