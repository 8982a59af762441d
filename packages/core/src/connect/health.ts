import type { StoreName } from '../errors.ts'

/** How one store is. */
export interface StoreHealth {
  /**
   * `up`: it answered. `degraded`: optional and not answering, or its breaker is open. `down`:
   * required and not answering.
   */
  readonly status: 'up' | 'degraded' | 'down'
  /** Whether the application can work without it. */
  readonly isRequired: boolean
  /** How long it took to answer, in milliseconds; absent when it did not. */
  readonly latencyMs?: number
  /** What it said instead of an answer. */
  readonly error?: string
}

/** How the stores are. */
export interface HealthReport {
  /** The worst of the stores. */
  readonly status: 'up' | 'degraded' | 'down'
  /** Each configured store. */
  readonly stores: Readonly<Partial<Record<StoreName, StoreHealth>>>
}

/** Options of `health`. */
export interface HealthOptions {
  /**
   * Time each store has to answer, in milliseconds.
   *
   * @defaultValue `1_000`
   */
  readonly deadlineMs?: number
}
