import type { NotFound, VersionConflict } from '@headwater/core'
import { isSealed } from '../context.ts'
import type { RepositoryContext, SealedContext } from '../context.ts'
import type { EncryptionFailed } from '../encryption/encryption-failed.ts'
import { WriteQueue } from '../writes/write-queue.ts'
import { registerSealedUser, registerSealedUsers } from './sealed/register-sealed.ts'
import { registerUser, registerUsers, type Registration } from './register-user.ts'
import { updateManySealed, updateSealed } from './sealed/update-sealed.ts'
import { updateUser, updateUsers, type UserUpdate } from './update-user.ts'
import type { EmailTaken, User } from './user.ts'

/** The writes of users that share transactions. */
export interface UserWrites {
  readonly registrations: WriteQueue<Registration, User, RegistrationError>
  readonly updates: WriteQueue<UserUpdate, User, UpdateError>
}

type RegistrationError = EmailTaken | EncryptionFailed
type UpdateError = NotFound | VersionConflict | EmailTaken | EncryptionFailed

/** Opens the queues of the writes. */
export function userWrites(context: RepositoryContext): UserWrites {
  const { stores, caches } = context
  if (isSealed(context)) return sealedWrites(context)
  return {
    registrations: new WriteQueue<Registration, User, RegistrationError>({
      stores,
      keyOf: ({ email }) => email.toLowerCase(),
      runOne: (tx, registration) => registerUser(tx, registration, caches),
      runAll: (tx, registrations) => registerUsers(tx, registrations, caches),
    }),
    updates: new WriteQueue<UserUpdate, User, UpdateError>({
      stores,
      keyOf: ({ id }) => id,
      runOne: (tx, update) => updateUser(tx, update, caches),
      runAll: (tx, updates) => updateUsers(tx, updates, caches),
    }),
  }
}

function sealedWrites(context: SealedContext): UserWrites {
  const { stores } = context
  return {
    registrations: new WriteQueue<Registration, User, RegistrationError>({
      stores,
      keyOf: ({ email }) => email.toLowerCase(),
      runOne: (tx, registration) => registerSealedUser(tx, registration, context),
      runAll: (tx, registrations) => registerSealedUsers(tx, registrations, context),
    }),
    updates: new WriteQueue<UserUpdate, User, UpdateError>({
      stores,
      keyOf: ({ id }) => id,
      runOne: (tx, update) => updateSealed(tx, update, context),
      runAll: (tx, updates) => updateManySealed(tx, updates, context),
    }),
  }
}
