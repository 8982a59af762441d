import { err, ok } from '@headwater/core'
import type { Result } from '@headwater/core'

/** Whether a statement failed because the migrations of this package have not run. */
export function isMissingTable(failure: {
  readonly type: string
  readonly code?: string
}): boolean {
  return failure.type === 'store-refused' && failure.code === '42P01'
}

/** Goes on with a value where the tables of this package are missing. */
export function missingTableAs<T>(
  value: T,
): <E extends { readonly type: string; readonly code?: string }>(failure: E) => Result<T, E> {
  return (failure) => (isMissingTable(failure) ? ok(value) : err(failure))
}
