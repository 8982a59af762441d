import type { InvalidInput } from '../errors.ts'
import { invalidField } from '../input.ts'
import { findJsonUnsafe } from '../json-safety.ts'
import type { NewSession } from './sessions.ts'

/** The failure of a session that would not be read as it was given; `undefined` for a good one. */
export function invalidSession({ userId, data }: Required<NewSession>): InvalidInput | undefined {
  const isId = typeof userId === 'string' || Number.isFinite(userId)
  if (!isId) return invalidField('userId', 'must be a text or a finite number')
  const unsafe = unsafeIn(data)
  return unsafe === undefined ? undefined : invalidField('data', `must be JSON: ${unsafe}`)
}

function unsafeIn(data: unknown): string | undefined {
  try {
    return findJsonUnsafe(data, 'data')
  } catch {
    // A getter throws, or the data contains itself.
    return 'it cannot be read, or contains itself'
  }
}
