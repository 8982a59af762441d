import { err, notFound, ok, versionConflict } from '@headwater/core'
import type { NotFound, Result, Transaction, VersionConflict } from '@headwater/core'
import type * as z from 'zod/mini'
import type { RepositoryCaches, RepositoryContext } from '../context.ts'
import type { EncryptionFailed } from '../encryption/encryption-failed.ts'
import { changedFields } from '../input.ts'
import { columnsOf } from '../sql.ts'
import { openUser } from './read-users.ts'
import { openPlain } from './sealed/user-sealing.ts'
import { userPasswordChanged, userUpdated } from './user-events.ts'
import {
  selectUsers,
  toUser,
  updatePassword,
  updateUserRow,
  updateUserRows,
} from './user-queries.ts'
import type { UserRow } from './user-queries.ts'
import type { passwordInput, User, userChangesInput } from './user.ts'

/** Changes of a profile that were checked. */
export interface UserUpdate {
  readonly id: number
  readonly changes: z.output<ReturnType<typeof userChangesInput>>
}

/** Changes a profile within a transaction and publishes `user.updated`. */
export async function updateUser(
  tx: Transaction,
  { id, changes }: UserUpdate,
  caches: RepositoryCaches,
): Promise<Result<User, NotFound | VersionConflict | EncryptionFailed>> {
  tx.invalidate(caches.users.key(id))
  const {
    rows: [row],
  } = await tx.query<UserRow>(updateUserRow, valuesOf({ id, changes }))
  if (row === undefined) {
    const { rows } = await tx.query(selectUsers, [[id]])
    return err(rows.length === 0 ? notFound('user', id) : versionConflict('user', id))
  }
  return openPlain(toUser(row)).map((user) => {
    tx.publish(userUpdated(user, changedFields(changes)))
    return user
  })
}

/**
 * Changes different profiles within a transaction and publishes their `user.updated`. Returns
 * `undefined` in the place of one that is not there or has another version, and refuses all when
 * the fields of one are encrypted.
 */
export async function updateUsers(
  tx: Transaction,
  updates: readonly UserUpdate[],
  caches: RepositoryCaches,
): Promise<Result<readonly (User | undefined)[], 'one by one'>> {
  tx.invalidate(...updates.map(({ id }) => caches.users.key(id)))
  const { rows } = await tx.query<UserRow>(updateUserRows, columnsOf(updates.map(valuesOf)))
  if (rows.some(({ sealed }) => sealed !== null)) return err('one by one')
  const users = new Map(rows.map((row) => [row.id, toUser(row)]))
  const updated = updates.map(({ id, changes }) => {
    const user = users.get(id)
    if (user !== undefined) tx.publish(userUpdated(user, changedFields(changes)))
    return user
  })
  return ok(updated)
}

/** Changes a password within a transaction and publishes `user.password-changed`. */
export async function changePassword(
  tx: Transaction,
  { id, passwordHash }: z.output<ReturnType<typeof passwordInput>>,
  context: RepositoryContext,
): Promise<Result<User, NotFound | EncryptionFailed>> {
  tx.invalidate(context.caches.users.key(id))
  const {
    rows: [row],
  } = await tx.query<UserRow>(updatePassword, [id, passwordHash])
  if (row === undefined) return err(notFound('user', id))
  return openUser(context, toUser(row)).map((user) => {
    tx.publish(userPasswordChanged(user))
    return user
  })
}

/** The parameters of `updateUserRow`. */
function valuesOf({ id, changes }: UserUpdate): readonly unknown[] {
  return [
    id,
    changes.email,
    changes.username,
    changes.role,
    changes.fullName !== undefined,
    changes.fullName,
    changes.expectedVersion,
  ]
}
