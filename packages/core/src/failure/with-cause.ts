/**
 * Gives a failure its cause where only a debugger looks: no JSON, no log and no spread shows it,
 * since the words of a driver may quote rows.
 */
export function withCause<F extends object>(
  failure: F,
  cause: unknown,
): F & { readonly cause?: unknown } {
  return cause === undefined
    ? failure
    : Object.defineProperty(failure, 'cause', { value: cause, configurable: true })
}
