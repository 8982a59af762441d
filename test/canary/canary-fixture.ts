import { inspect } from 'node:util'
import { FailureError, type Failure, type Result } from '@headwater/core'
import { expect } from 'vitest'

/** What no failure, diagnostic or log may show; looked for by one of its words. */
export const secret = '$2b$10$c4n4ry-of-a-password-hash'

/** Fails where a value shows the secret: as JSON, inspected, as text, or in an error beneath it. */
export function expectNoSecret(value: unknown): void {
  for (const text of wordsOf(value)) expect(text).not.toContain('c4n4ry')
}

/** The failure of a result, after a look at all that it shows: returned, thrown or logged. */
export function quietFailureOf<F extends Failure<string>>(result: Result<unknown, F>): F {
  const failure = result._unsafeUnwrapErr()
  expectNoSecret(failure)
  expectNoSecret(new FailureError(failure))
  expect(JSON.stringify(failure)).not.toContain('"cause"')
  return failure
}

function wordsOf(value: unknown, seen = new Set<unknown>()): string[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return [String(value)]
  seen.add(value)
  const { message, stack, cause } = value as { message?: unknown; stack?: unknown; cause?: unknown }
  const shown = [
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}` : part)),
    inspect(value, { depth: 20, showHidden: true }),
    String(message),
    String(stack),
  ]
  return [...shown, ...[cause].flatMap((part) => wordsOf(part, seen))]
}
