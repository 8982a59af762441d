import { durationBoundsMs } from '@headwater/core'

/** A metric, by the names that OpenTelemetry gives it. */
export interface Metric {
  /** Its name, with dots. */
  readonly name: string
  /** Its unit in UCUM: seconds, bytes, or a count of what the braces name. */
  readonly unit: 's' | 'By' | `{${string}}`
  /** What it says, in one sentence. */
  readonly description: string
  /** Its attributes, in the order of their values. Each has few values: never an id or a key. */
  readonly attributes: readonly string[]
  /** Upper bounds of the buckets of a histogram. */
  readonly bounds?: readonly number[]
  /**
   * How values of several workers of a process become one. Unless given, a gauge is their maximum,
   * since most say the same from everywhere, and all else is their sum.
   */
  readonly aggregator?: Aggregator
}

/** Ways to make one value of several, by the names that registries of Prometheus have. */
export type Aggregator = 'sum' | 'max' | 'min'

/** Takes a value of a metric, with the values of its attributes; an empty one is left out. */
export type Measure = (value: number, ...attributes: readonly string[]) => void

/** Where metrics go. */
export interface Meter {
  /** Adds to a sum that only grows. */
  counter(metric: Metric): Measure
  /** Counts values by their size. */
  histogram(metric: Metric): Measure
  /** Replaces a value. */
  gauge(metric: Metric): Measure
}

/** A value that is read when somebody asks for it. */
export interface Reading {
  readonly metric: Metric
  readonly value: number
  readonly attributes: readonly string[]
}

/** The buckets of durations, in seconds. */
export const secondsBounds: readonly number[] = durationBoundsMs.map((bound) => bound / 1_000)

/** Milliseconds in seconds. */
export function seconds(ms: number): number {
  return ms / 1_000
}

/** A word of our own, or `other`: never a text that somebody made up. */
export function word(text: string): string {
  return /^[a-z][a-z0-9-]{0,39}$/.test(text) ? text : 'other'
}

/** The type of a failure as an attribute; empty for what went well. */
export function errorType(outcome: string): string {
  return outcome === 'ok' ? '' : word(outcome)
}
