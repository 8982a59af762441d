import type { NotFound, VersionConflict } from '@headwater/core'
import type { RepositoryContext } from '../context.ts'
import { WriteQueue } from '../writes/write-queue.ts'
import { registerUser, registerUsers, type Registration } from './register-user.ts'
import { updateUser, updateUsers, type UserUpdate } from './update-user.ts'
import type { User } from './user.ts'

/** The writes of users that share transactions. */
export interface UserWrites {
  readonly registrations: WriteQueue<Registration, User, never>
  readonly updates: WriteQueue<UserUpdate, User, NotFound | VersionConflict>
}

/** Opens the queues of the writes. */
export function userWrites({ stores, caches }: RepositoryContext): UserWrites {
  return {
    registrations: new WriteQueue({
      stores,
      keyOf: ({ email }) => email.toLowerCase(),
      runOne: (tx, registration) => registerUser(tx, registration, caches),
      runAll: (tx, registrations) => registerUsers(tx, registrations, caches),
    }),
    updates: new WriteQueue({
      stores,
      keyOf: ({ id }) => id,
      runOne: (tx, update) => updateUser(tx, update, caches),
      runAll: (tx, updates) => updateUsers(tx, updates, caches),
    }),
  }
}
