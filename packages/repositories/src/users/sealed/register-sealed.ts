import { err, ok } from '@headwater/core'
import type { Result, Transaction } from '@headwater/core'
import type { SealedContext } from '../../context.ts'
import type { EncryptionFailed } from '../../encryption/encryption-failed.ts'
import { columnsOf } from '../../sql.ts'
import type { Registration } from '../register-user.ts'
import { userRegistered } from '../user-events.ts'
import { toUser } from '../user-queries.ts'
import type { UserRow } from '../user-queries.ts'
import { emailTaken } from '../user-refusals.ts'
import type { EmailTaken, User } from '../user.ts'
import {
  insertSealedUser,
  insertSealedUsers,
  nextUserId,
  nextUserIds,
} from './sealed-user-queries.ts'

/**
 * As `registerUser`, with encrypted fields. One PostgreSQL round trip more: an encrypted text is
 * bound to the id of its row, which is taken first.
 */
export async function registerSealedUser(
  tx: Transaction,
  registration: Registration,
  context: SealedContext,
): Promise<Result<User, EncryptionFailed | EmailTaken>> {
  const ids = await newIds(tx, nextUserId, { registrations: [registration], context })
  const values = sealedValues(ids, [registration], context)
  if (values.isErr()) return err(values.error)
  const { rows } = await tx.query<UserRow>(insertSealedUser, columnsOf(values.value))
  const [row] = rows
  return row === undefined ? err(emailTaken) : registered(tx, row, context)
}

/** As `registerUsers`, with encrypted fields. */
export async function registerSealedUsers(
  tx: Transaction,
  registrations: readonly Registration[],
  context: SealedContext,
): Promise<Result<readonly (User | undefined)[], 'one by one'>> {
  const ids = await newIds(tx, nextUserIds, { registrations, context })
  const values = sealedValues(ids, registrations, context)
  if (values.isErr()) return err('one by one')
  const { rows } = await tx.query<UserRow>(insertSealedUsers, columnsOf(values.value))
  const found = new Map(rows.map((row) => [row.id, row]))
  const users: (User | undefined)[] = []
  for (const id of ids) {
    const row = found.get(id)
    const user = row === undefined ? ok(undefined) : registered(tx, row, context)
    if (user.isErr()) return err('one by one')
    users.push(user.value)
  }
  return ok(users)
}

async function newIds(
  tx: Transaction,
  statement: string,
  {
    registrations,
    context: { sealing },
  }: { readonly registrations: readonly Registration[]; readonly context: SealedContext },
): Promise<readonly number[]> {
  const locks = sealing.users.locksOf(registrations.map(({ email }) => email))
  const { rows } = await tx.query<{ id: number }>(statement, [registrations.length, locks])
  return rows.map(({ id }) => id)
}

function registered(
  tx: Transaction,
  row: UserRow,
  { caches, sealing }: SealedContext,
): Result<User, EncryptionFailed> {
  return sealing.users.open(toUser(row)).map((user) => {
    // Its absence may be cached: another caller may have asked for the id before it existed.
    tx.invalidate(caches.users.key(user.id))
    tx.publish(userRegistered(user))
    return user
  })
}

/** The parameters of `insertSealedUsers`, a row for each registration. */
function sealedValues(
  ids: readonly number[],
  registrations: readonly Registration[],
  { sealing }: SealedContext,
): Result<readonly (readonly unknown[])[], EncryptionFailed> {
  const rows: (readonly unknown[])[] = []
  for (const [index, registration] of registrations.entries()) {
    const id = ids[index] ?? 0
    const columns = sealing.users.seal(id, registration)
    if (columns.isErr()) return err(columns.error)
    const origin = sealing.activity.seal(registration.metadata ?? {}, ['user_origin', id])
    if (origin.isErr()) return err(origin.error)
    const { username, passwordHash, role, email } = registration
    const { ipAddress, userAgent, referrer, sealed } = origin.value
    rows.push([
      id,
      columns.value.email,
      username,
      passwordHash,
      columns.value.fullName ?? null,
      role,
      jsonOf(columns.value.sealed),
      ipAddress,
      userAgent,
      referrer,
      jsonOf(sealed),
      sealing.users.otherAddress(email),
    ])
  }
  return ok(rows)
}

/** Absent where nothing is encrypted. */
export function jsonOf(sealed: Readonly<Record<string, string>> | undefined): string | null {
  return sealed === undefined || Object.keys(sealed).length === 0 ? null : JSON.stringify(sealed)
}
