import * as z from 'zod/mini'
import { once, option } from '@headwater/core'
import type { CallOptions, ResultAsync } from '@headwater/core'

/** What is to be read beside the reports of the stores. */
export interface TelemetryOptions {
  /**
   * The repository of activity, `activity` of `createRepositories`, whose buffer and spill are then
   * among the metrics.
   *
   * @defaultValue none
   */
  readonly activity?: ActivitySource | undefined
  /**
   * Time to read what is in PostgreSQL, in milliseconds. What is not read by then is missing from
   * that scrape.
   *
   * @defaultValue `1_000`
   */
  readonly deadlineMs?: number
}

/** The defaults of {@link TelemetryOptions}. */
export const telemetryDefaults = { deadlineMs: 1_000 } as const satisfies TelemetryOptions

/** The part of a repository of activity that is read. */
export interface ActivitySource {
  /** How much activity is not in MongoDB yet. */
  backlog(options?: CallOptions): ResultAsync<ActivityWaiting, unknown>
}

/** Activity that is not in MongoDB yet. */
export interface ActivityWaiting {
  /** Entries that this process holds. */
  readonly buffered: number
  /** About how many entries of all processes wait in PostgreSQL. */
  readonly spilled: number
  /** How long the oldest of those waits, in milliseconds. */
  readonly oldestSpilledMs: number
  /** How many may wait in PostgreSQL before activity is dropped; the metric is missing without. */
  readonly maxSpilled?: number
}

/** Rules of {@link TelemetryOptions}. */
export const telemetryRules = once(() => ({
  activity: z.optional(option.object()),
  deadlineMs: option.timeoutMs(),
}))
