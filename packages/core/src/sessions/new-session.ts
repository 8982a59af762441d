import type { InputIssue, InvalidInput } from '../errors.ts'
import { invalidField, invalidInput } from '../input.ts'
import { findJsonUnsafe } from '../json/json-safety.ts'
import { isName } from '../short-name.ts'
import type { NewSession, SessionOptions } from './sessions.ts'

/** The bounds of what a new session may ask for. */
export type SessionBounds = Pick<Required<SessionOptions>, 'absoluteTtlMs' | 'maxDataLength'>

/** The failure of a session that could not be kept as it was given; `undefined` for a good one. */
export function invalidSession(
  { userId, data = null, ttlMs, absoluteTtlMs }: NewSession,
  bounds: SessionBounds,
): InvalidInput | undefined {
  const issues = [
    ...(isName(userId) ? [] : [userIdIssue]),
    ...dataIssues(data, bounds),
    ...spanIssues('absoluteTtlMs', absoluteTtlMs, bounds.absoluteTtlMs),
    ...spanIssues('ttlMs', ttlMs, absoluteTtlMs ?? bounds.absoluteTtlMs),
  ]
  return issues.length === 0 ? undefined : invalidInput(issues)
}

/** The failure of data that a session cannot keep; `undefined` for good data. */
export function invalidData(data: unknown, bounds: SessionBounds): InvalidInput | undefined {
  const issues = dataIssues(data, bounds)
  return issues.length === 0 ? undefined : invalidInput(issues)
}

/** The failure of an id that names no user; `undefined` for a good one. */
export function invalidUserId(userId: unknown): InvalidInput | undefined {
  return isName(userId) ? undefined : invalidField(userIdIssue.field, userIdIssue.message)
}

const userIdIssue: InputIssue = {
  field: 'userId',
  message: 'must be a text that is not empty or a finite number',
}

function dataIssues(data: unknown, { maxDataLength }: SessionBounds): InputIssue[] {
  const unsafe = unsafeIn(data)
  if (unsafe !== undefined) return [{ field: 'data', message: `must be JSON: ${unsafe}` }]
  const { length } = JSON.stringify(data)
  return length <= maxDataLength
    ? []
    : [{ field: 'data', message: `must have at most ${maxDataLength} characters of JSON` }]
}

function unsafeIn(data: unknown): string | undefined {
  try {
    return findJsonUnsafe(data, 'data')
  } catch {
    // A getter throws, or the data contains itself.
    return 'it cannot be read, or contains itself'
  }
}

function spanIssues(field: string, ms: number | undefined, maxMs: number): InputIssue[] {
  if (ms === undefined || (Number.isFinite(ms) && ms > 0 && ms <= maxMs)) return []
  return [{ field, message: `must be more than 0 and at most ${maxMs} ms` }]
}
