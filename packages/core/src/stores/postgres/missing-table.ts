import { err, ok } from '../../result.ts'
import type { Result } from '../../result.ts'

/** Whether a statement failed because the migrations have not run. */
export function isMissingTable(failure: {
  readonly type: string
  readonly code?: string
}): boolean {
  return failure.type === 'store-refused' && failure.code === '42P01'
}

/** Goes on with a value where the tables are missing. */
export function missingTableAs<T>(
  value: T,
): <E extends { readonly type: string; readonly code?: string }>(failure: E) => Result<T, E> {
  return (failure) => (isMissingTable(failure) ? ok(value) : err(failure))
}
