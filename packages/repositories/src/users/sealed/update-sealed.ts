import { err, notFound, ok, versionConflict } from '@headwater/core'
import type { NotFound, Result, Transaction, VersionConflict } from '@headwater/core'
import type * as z from 'zod/mini'
import type { SealedContext } from '../../context.ts'
import { normalized } from '../../encryption/blind-index.ts'
import type { EncryptionFailed } from '../../encryption/encryption-failed.ts'
import { changedFields } from '../../input.ts'
import { columnsOf } from '../../sql.ts'
import {
  selectPlainAddress,
  selectSealedUsers,
  updateSealedPassword,
  updateSealedUser,
  updateSealedUsers,
} from './sealed-user-queries.ts'
import type { SealedUserRow } from './sealed-user-queries.ts'
import type { UserUpdate } from '../update-user.ts'
import { userPasswordChanged, userUpdated } from '../user-events.ts'
import { toStoredUser } from '../user-queries.ts'
import { emailTaken } from '../user-refusals.ts'
import type { EmailTaken, passwordInput, User } from '../user.ts'

type UpdateFailure = NotFound | VersionConflict | EmailTaken | EncryptionFailed

/**
 * As `updateUser`, with encrypted fields. A new address costs one PostgreSQL round trip more: rows
 * that are not encrypted yet are looked at.
 */
export async function updateSealed(
  tx: Transaction,
  { id, changes }: UserUpdate,
  context: SealedContext,
): Promise<Result<User, UpdateFailure>> {
  tx.invalidate(context.caches.users.key(id))
  const values = valuesOf({ id, changes }, context)
  if (values.isErr()) return err(values.error)
  if (changes.email !== undefined) {
    const taken = await tx.query(selectPlainAddress, [id, normalized(changes.email)])
    if (taken.rows.length > 0) return err(emailTaken)
  }
  const { rows } = await tx.query<SealedUserRow>(updateSealedUser, columnsOf([values.value]))
  const [row] = rows
  if (row === undefined) {
    const found = await tx.query(selectSealedUsers, [[id]])
    return err(found.rows.length === 0 ? notFound('user', id) : versionConflict('user', id))
  }
  return context.sealing.users.open(toStoredUser(row)).map((user) => {
    tx.publish(userUpdated(user, changedFields(changes)))
    return user
  })
}

/** As `updateUsers`, with encrypted fields; changes of addresses are made one by one. */
export async function updateManySealed(
  tx: Transaction,
  updates: readonly UserUpdate[],
  context: SealedContext,
): Promise<Result<readonly (User | undefined)[], 'one by one'>> {
  const values = updates.map((update) => valuesOf(update, context))
  const sealed = values.flatMap((one) => (one.isOk() ? [one.value] : []))
  if (sealed.length < updates.length || updates.some(({ changes }) => changes.email !== undefined))
    return err('one by one')
  tx.invalidate(...updates.map(({ id }) => context.caches.users.key(id)))
  const { rows } = await tx.query<SealedUserRow>(updateSealedUsers, columnsOf(sealed))
  const found = new Map(rows.map((row) => [row.id, row]))
  const users: (User | undefined)[] = []
  for (const { id, changes } of updates) {
    const row = found.get(id)
    const user = row === undefined ? undefined : context.sealing.users.open(toStoredUser(row))
    if (user?.isErr() === true) return err('one by one')
    if (user !== undefined) tx.publish(userUpdated(user.value, changedFields(changes)))
    users.push(user?.value)
  }
  return ok(users)
}

/** As `changePassword`, of a profile with encrypted fields. */
export async function changeSealedPassword(
  tx: Transaction,
  { id, passwordHash }: z.output<ReturnType<typeof passwordInput>>,
  { caches, sealing }: SealedContext,
): Promise<Result<User, NotFound | EncryptionFailed>> {
  tx.invalidate(caches.users.key(id))
  const { rows } = await tx.query<SealedUserRow>(updateSealedPassword, [id, passwordHash])
  const [row] = rows
  if (row === undefined) return err(notFound('user', id))
  return sealing.users.open(toStoredUser(row)).map((user) => {
    tx.publish(userPasswordChanged(user))
    return user
  })
}

/** The parameters of `updateSealedUsers`. */
function valuesOf(
  { id, changes }: UserUpdate,
  { sealing }: SealedContext,
): Result<readonly unknown[], EncryptionFailed> {
  return sealing.users.seal(id, changes).map(({ email, fullName, sealed }) => [
    id,
    email,
    changes.username,
    changes.role,
    changes.fullName !== undefined,
    fullName,
    changes.expectedVersion,
    JSON.stringify(sealed),
  ])
}
