import * as z from 'zod/mini'
import { checkOptions, invalidOption, option, strictOptions } from '../check-options.ts'
import type { Sink } from '../outbox/sink.ts'
import { once } from '../once.ts'
import type { Resyncable } from './resyncable.ts'

/** Options that {@link resync} and {@link rebuild} share. */
export interface ResyncScope {
  /**
   * The parts of the packages and of the host: `repositories.resyncables`, `search.resyncables`.
   * Caches, sessions and the outbox are always among them.
   *
   * @defaultValue `[]`
   */
  readonly parts?: readonly Resyncable[]
  /**
   * Whether to change anything. Otherwise only the plan is returned.
   *
   * @defaultValue `false`
   */
  readonly apply?: boolean
}

/** Options of {@link resync}. */
export interface ResyncOptions extends ResyncScope {
  /** The moment that PostgreSQL was restored to: `recovery_target_time`. */
  readonly restoredTo: Date
  /**
   * When PostgreSQL was opened for writes after the restore; now, if it is not open yet. What other
   * stores hold of a later time is left alone, so that a repeated call needs the same moment.
   */
  readonly openedAt: Date
  /**
   * Time by which something may look older than it is: the longest transaction, and the difference
   * between the clocks of the stores. Activity beside the outbox is set aside from then on. In
   * milliseconds.
   *
   * @defaultValue `60_000`
   */
  readonly marginMs?: number
  /**
   * The sinks of the host, whose `restored` is called.
   *
   * @defaultValue `[]`
   */
  readonly sinks?: readonly Sink[]
}

/** Options of {@link rebuild}. */
export interface RebuildOptions extends ResyncScope {
  /** The store that was lost whole, and is there again, empty. */
  readonly store: 'redis' | 'mongodb' | 'pinecone'
}

/** Defaults of {@link ResyncOptions}. */
export const resyncDefaults = {
  marginMs: 60_000,
  parts: [],
  sinks: [],
  apply: false,
} as const satisfies Partial<ResyncOptions>

/** Checks the options of a resync and fills in the defaults. */
export function resyncSettings(options: ResyncOptions): Required<ResyncOptions> {
  const settings = checkOptions('resync', resyncRules(), { ...resyncDefaults, ...options })
  const { restoredTo, openedAt } = settings
  if (openedAt < restoredTo)
    throw invalidOption('resync', 'openedAt', 'expected a moment after restoredTo', openedAt)
  return settings
}

/** Checks the options of a rebuild and fills in the defaults. */
export function rebuildSettings(options: RebuildOptions): Required<RebuildOptions> {
  const { parts, apply } = resyncDefaults
  return checkOptions('rebuild', rebuildRules(), { parts, apply, ...options })
}

const moment = () => z.date('expected a Date')

const partRule = () =>
  z.custom<Resyncable>(
    (part) => typeof part === 'object' && part !== null && 'afterRestore' in part,
    'expected what resyncables has',
  )

const scopeRules = () => ({
  parts: z.array(partRule(), 'expected a list of parts'),
  apply: option.flag(),
})

const resyncRules = once(() =>
  strictOptions<ResyncOptions>({
    ...scopeRules(),
    restoredTo: moment(),
    openedAt: moment(),
    marginMs: option.durationOrNoneMs(),
    sinks: z.array(option.object(), 'expected a list of sinks'),
  }),
)

const rebuildRules = once(() =>
  strictOptions<RebuildOptions>({
    ...scopeRules(),
    store: z.enum(['redis', 'mongodb', 'pinecone'], 'expected redis, mongodb or pinecone'),
  }),
)
