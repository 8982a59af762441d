import { isViolationOf } from '@headwater/core'
import { encryptionFailed } from '../encryption/encryption-failed.ts'
import type { EncryptionFailed } from '../encryption/encryption-failed.ts'
import type { EmailTaken, TeachesCourses, UsernameTaken } from './user.ts'

/** The failure of deleting a user, who may still teach. */
export function teachesCourses<Failure extends { readonly type: string }>(
  failure: Failure,
  id: number,
): Failure | TeachesCourses {
  if (!isViolationOf(failure, 'courses_instructor_id_fkey')) return failure
  return {
    type: 'teaches-courses',
    message: `user ${id} is the instructor of courses`,
    retryable: false,
  }
}

/** The failure of an address that another user has. */
export const emailTaken: EmailTaken = {
  type: 'email-taken',
  message: 'another user has this e-mail address',
  retryable: false,
}

/** The failure of a registration or a change, whose address or name another user may have. */
export function takenName<Failure extends { readonly type: string }>(
  failure: Failure,
): Failure | EmailTaken | UsernameTaken {
  if (isViolationOf(failure, 'users_email_key')) return emailTaken
  if (isViolationOf(failure, 'users_username_key'))
    return { type: 'username-taken', message: 'another user has this name', retryable: false }
  return failure
}

/** The failure of a change, by a process that encrypts nothing, of a field that is encrypted. */
export function notConfigured<Failure extends { readonly type: string }>(
  failure: Failure,
): Failure | EncryptionFailed {
  return isViolationOf(failure, 'users_sealed_check')
    ? encryptionFailed('not-configured', 'users')
    : failure
}
