import type { Result } from '@headwater/core'

/**
 * The outcome that the table promises: the operation works, it reports the outage, or, while a
 * store restarts, either.
 */
export type Expected = 'works' | 'unavailable' | 'either'

const unavailable: readonly string[] = ['store-unavailable', 'deadline-exceeded', 'commit-unknown']

/** The outcome of an operation in the words of the table, or the type of any other error. */
export function outcomeOf(result: Result<unknown, { readonly type: string }>): string {
  if (result.isOk()) return 'works'
  return unavailable.includes(result.error.type) ? 'unavailable' : result.error.type
}

/** The outcomes that an expectation allows. */
export function allowed(expected: Expected): readonly string[] {
  return expected === 'either' ? ['works', 'unavailable'] : [expected]
}
