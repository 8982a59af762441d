import type { CallOptions } from '@headwater/core'
import type { ListReadOptions } from './sql.ts'

type Limits = ListReadOptions & CallOptions

/** How a call is limited and where it reads, and what it asks for. */
export interface SplitOptions<Options, Name extends keyof Limits> {
  readonly call: Pick<Limits, Name>
  /** Not checked yet. */
  readonly asked: Omit<Options, Name>
}

/**
 * Takes how a call is limited apart from what it asks for, which is checked afterwards. Options
 * that are no object are left to that check.
 */
export function splitOptions<Options extends Partial<Limits>, Name extends keyof Limits>(
  options: Options,
  ...names: readonly Name[]
): SplitOptions<Options, Name>
export function splitOptions(options: unknown, ...names: readonly string[]) {
  if (typeof options !== 'object' || options === null) return { call: {}, asked: options }
  const entries = Object.entries(options)
  return {
    call: Object.fromEntries(
      entries.filter(([name, value]) => names.includes(name) && value !== undefined),
    ),
    asked: Object.fromEntries(entries.filter(([name]) => !names.includes(name))),
  }
}
