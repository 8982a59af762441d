import { err, notFound, ok, versionConflict } from '@headwater/core'
import type { NotFound, Result, Transaction, VersionConflict } from '@headwater/core'
import type { SealedContext } from '../../context.ts'
import type { EncryptionFailed } from '../../encryption/encryption-failed.ts'
import { changedFields } from '../../input.ts'
import { columnsOf } from '../../sql.ts'
import type { UserUpdate } from '../update-user.ts'
import { userUpdated } from '../user-events.ts'
import { selectUsers, toUser } from '../user-queries.ts'
import type { UserRow } from '../user-queries.ts'
import { emailTaken } from '../user-refusals.ts'
import type { EmailTaken, User } from '../user.ts'
import { lockAddresses, updateSealedUser, updateSealedUsers } from './sealed-user-queries.ts'

type UpdateFailure = NotFound | VersionConflict | EmailTaken | EncryptionFailed

/**
 * As `updateUser`, with encrypted fields. A new address costs one PostgreSQL round trip more: while
 * rows may have it in two forms, it is locked first.
 */
export async function updateSealed(
  tx: Transaction,
  { id, changes }: UserUpdate,
  context: SealedContext,
): Promise<Result<User, UpdateFailure>> {
  tx.invalidate(context.caches.users.key(id))
  const values = valuesOf({ id, changes }, context)
  if (values.isErr()) return err(values.error)
  const { email } = changes
  const locks = email === undefined ? [] : context.sealing.users.locksOf([email])
  if (locks.length > 0) await tx.query(lockAddresses, [locks])
  const { rows } = await tx.query<UserRow>(updateSealedUser, columnsOf([values.value]))
  const [row] = rows
  if (row === undefined) return err(await reasonOf(tx, { id, changes }))
  return context.sealing.users.open(toUser(row)).map((user) => {
    tx.publish(userUpdated(user, changedFields(changes)))
    return user
  })
}

/** As `updateUsers`, with encrypted fields; new addresses are left to be written alone. */
export async function updateManySealed(
  tx: Transaction,
  updates: readonly UserUpdate[],
  context: SealedContext,
): Promise<Result<readonly (User | undefined)[], 'one by one'>> {
  const together = updates.filter(({ changes }) => changes.email === undefined)
  const values = together.map((update) => valuesOf(update, context))
  const sealed = values.flatMap((one) => (one.isOk() ? [one.value] : []))
  if (sealed.length < together.length || together.length === 0) return err('one by one')
  tx.invalidate(...together.map(({ id }) => context.caches.users.key(id)))
  const { rows } = await tx.query<UserRow>(updateSealedUsers, columnsOf(sealed))
  const found = new Map(rows.map((row) => [row.id, row]))
  const users: (User | undefined)[] = []
  for (const { id, changes } of updates) {
    const row = found.get(id)
    const user = row === undefined ? ok(undefined) : context.sealing.users.open(toUser(row))
    if (user.isErr()) return err('one by one')
    if (user.value !== undefined) tx.publish(userUpdated(user.value, changedFields(changes)))
    users.push(user.value)
  }
  return ok(users)
}

async function reasonOf(tx: Transaction, { id, changes }: UserUpdate): Promise<UpdateFailure> {
  const {
    rows: [row],
  } = await tx.query<UserRow>(selectUsers, [[id]])
  if (row === undefined) return notFound('user', id)
  const { expectedVersion } = changes
  const isOther = expectedVersion !== undefined && Number(row.version) !== expectedVersion
  return isOther || changes.email === undefined ? versionConflict('user', id) : emailTaken
}

/** The parameters of `updateSealedUsers`. */
function valuesOf(
  { id, changes }: UserUpdate,
  { sealing }: SealedContext,
): Result<readonly unknown[], EncryptionFailed> {
  return sealing.users
    .seal(id, changes)
    .map(({ email, fullName, sealed }) => [
      id,
      email,
      changes.username,
      changes.role,
      changes.fullName !== undefined,
      fullName,
      changes.expectedVersion,
      JSON.stringify(sealed),
      changes.email === undefined ? null : sealing.users.otherAddress(changes.email),
    ])
}
