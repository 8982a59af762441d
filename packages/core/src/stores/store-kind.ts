import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { StoreError, StoreName } from '../errors.ts'
import type { Result } from '../result.ts'
import type { OptionTable } from './option-table.ts'

/** The surroundings that every store shares. */
export interface StoreContext {
  /** Where time comes from. */
  readonly clock: Clock
  /** Where the store reports. */
  readonly diagnostics: Diagnostics
}

/** One kind of store: its options, and how a store is opened with them. */
export interface StoreKind<Options, Settings, Store> {
  /** The rule, the default and the variable of every option. */
  readonly options: OptionTable<Options>
  /** Ways to reach the store: exactly one of these options is given. */
  readonly reachedBy: readonly (keyof Options & string)[]
  /**
   * Opens the store without waiting for it. Rejects when its client refuses the options, and with
   * {@link PackageMissing} when its package cannot be loaded. Bundlers leave that package alone:
   * webpack and Turbopack are told so, others heed the handler of a failed import.
   */
  open(settings: Settings, context: StoreContext): Promise<OpenedStore<Store>>
}

/** One opened store as `connect`, `health` and `close` see it. */
export interface OpenedStore<Store = unknown> {
  /** The store's name in health, failures and diagnostics. */
  readonly name: StoreName
  /** The store itself. */
  readonly store: Store
  /** Whether the application is useless without it. */
  readonly isRequired: boolean
  /** Tries once to reach it. */
  reach(deadlineMs: number): Promise<Result<unknown, StoreError>>
  /** Resolves when the first attempt to reach it has ended, well or not. */
  firstAttempt(): Promise<unknown>
  /** Asks for a sign of life. */
  ping(deadlineMs: number): Promise<Result<unknown, StoreError>>
  /** Lets it end by itself; a client that was handed in is left alone. */
  close(): Promise<void>
  /** Cuts it off. */
  destroy(): void
}
