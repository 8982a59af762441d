import type {
  ConnectOptions,
  MigrateOptions,
  RateLimiter,
  Resyncable,
  Sessions,
  Sink,
  Stores,
} from '@headwater/core'
import type { ActivityRepository } from '@headwater/repositories'
import type { CourseSearch } from '@headwater/search'

/** What the command line knows of an application. */
export interface HeadwaterConfig {
  /**
   * Options of `connect`.
   *
   * @defaultValue `connectOptionsFromEnv(process.env)`
   */
  readonly connect?: ConnectOptions
  /**
   * Stores that the configuration has connected itself, in place of `connect`. The command closes
   * them. `doctor` then says nothing of stores that could not be connected.
   */
  readonly stores?: Stores
  /**
   * Options of `migrate`: the sets of the packages and of the application.
   *
   * @defaultValue the set of core alone
   */
  readonly migrate?: MigrateOptions
  /** Makes the services that commands work on; called by those that need them. */
  readonly services?: (stores: Stores) => HeadwaterServices | Promise<HeadwaterServices>
}

/** What an application makes of its stores; `createRepositories` and more fit in. */
export interface HeadwaterServices {
  /**
   * The search whose index `headwater search` verifies and repairs, and that the console tries.
   * With its `sinks`, `headwater search verify` says whether they are behind; with
   * `refreshQuerySuggestions` there is `headwater search queries`, and with `words`, `headwater
   * search words`.
   */
  readonly search?: Pick<CourseSearch, 'index'> &
    Partial<Pick<CourseSearch, 'search' | 'sinks' | 'refreshQuerySuggestions' | 'words'>>
  /**
   * The sessions of `headwater sessions` and of the console.
   *
   * @defaultValue `createSessions(stores)`
   */
  readonly sessions?: Pick<Sessions, 'list' | 'revoke' | 'revokeAll'>
  /** Rate limiters that the console looks into and resets, by the name that it shows. */
  readonly limiters?: Readonly<Record<string, Pick<RateLimiter, 'peek' | 'reset'>>>
  /**
   * The activity whose spill `headwater activity spill` tells of and drains, with the figures that
   * the console shows. With its `backlog`, `headwater doctor` says how full the spill is.
   */
  readonly activity?: Pick<ActivityRepository, 'spilled' | 'flush'> &
    Partial<Pick<ActivityRepository, 'analytics' | 'backlog'>>
  /** Sinks that `headwater resync` tells of a restore. */
  readonly sinks?: readonly Sink[]
  /** Parts of `headwater resync` and `headwater rebuild`. */
  readonly resyncables?: readonly Resyncable[]
}

/** A configuration, or a function that makes one. */
export type HeadwaterConfigSource =
  HeadwaterConfig | (() => HeadwaterConfig | Promise<HeadwaterConfig>)

/**
 * Returns what it is given, with its type: the default export of `headwater.config.ts`.
 *
 * @example
 * ```ts
 * export default defineConfig({
 *   migrate: { sets: [repositoriesMigrations, searchMigrations] },
 *   services: (stores) => createRepositories(stores),
 * })
 * ```
 */
export function defineConfig<Source extends HeadwaterConfigSource>(source: Source): Source {
  return source
}
