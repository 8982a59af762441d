import { err, notFound, ok, versionConflict } from '@headwater/core'
import type { NotFound, Result, Transaction, VersionConflict } from '@headwater/core'
import type * as z from 'zod/mini'
import type { RepositoryCaches } from '../context.ts'
import { changedFields } from '../input.ts'
import { userPasswordChanged, userUpdated } from './user-events.ts'
import { selectUsers, toUser, updatePassword, updateUserRow } from './user-queries.ts'
import type { UserRow } from './user-queries.ts'
import type { passwordInput, User, userChangesInput } from './user.ts'

/** Changes of a profile that were checked. */
export type ValidUserChanges = z.output<ReturnType<typeof userChangesInput>>

/** Changes a profile within a transaction and publishes `user.updated`. */
export async function updateUser(
  tx: Transaction,
  { id, changes }: { readonly id: number; readonly changes: ValidUserChanges },
  caches: RepositoryCaches,
): Promise<Result<User, NotFound | VersionConflict>> {
  tx.invalidate(caches.users.key(id))
  const {
    rows: [row],
  } = await tx.query<UserRow>(updateUserRow, [
    id,
    changes.email,
    changes.username,
    changes.role,
    changes.fullName !== undefined,
    changes.fullName,
    changes.expectedVersion,
  ])
  if (row === undefined) {
    const { rows } = await tx.query(selectUsers, [[id]])
    return err(rows.length === 0 ? notFound('user', id) : versionConflict('user', id))
  }
  const user = toUser(row)
  tx.publish(userUpdated(user, changedFields(changes)))
  return ok(user)
}

/** Changes a password within a transaction and publishes `user.password-changed`. */
export async function changePassword(
  tx: Transaction,
  { id, passwordHash }: z.output<ReturnType<typeof passwordInput>>,
  caches: RepositoryCaches,
): Promise<Result<User, NotFound>> {
  tx.invalidate(caches.users.key(id))
  const {
    rows: [row],
  } = await tx.query<UserRow>(updatePassword, [id, passwordHash])
  if (row === undefined) return err(notFound('user', id))
  const user = toUser(row)
  tx.publish(userPasswordChanged(user))
  return ok(user)
}
