import type { Result } from '@headwater/core'

/**
 * What the table says of an operation: it works, or it is an error that says so, or, while a store
 * comes back, one of the two.
 */
export type Expected = 'works' | 'unavailable' | 'either'

const unavailable: readonly string[] = ['store-unavailable', 'deadline-exceeded', 'commit-unknown']

/**
 * How an operation ended, in the words of the table; an error of any other kind is told as it is.
 */
export function outcomeOf(result: Result<unknown, { readonly type: string }>): string {
  if (result.isOk()) return 'works'
  return unavailable.includes(result.error.type) ? 'unavailable' : result.error.type
}

/** The outcomes that an expectation allows. */
export function allowed(expected: Expected): readonly string[] {
  return expected === 'either' ? ['works', 'unavailable'] : [expected]
}
