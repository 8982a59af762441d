/**
 * A condition that is always true. Its statement, and those after it, fail when they wait longer
 * than 100 ms for a lock: what holds up one row must not hold up all others of a transaction.
 */
export const waitsBriefly = "(SELECT set_config('lock_timeout', '100', true)) IS NOT NULL"

/** Whether a statement failed because it waited for a lock. */
export function hasWaited({ cause }: { readonly cause?: unknown }): boolean {
  return typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === '55P03'
}
