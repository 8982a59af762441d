import { err, ok } from '@headwater/core'
import type { Result, Transaction } from '@headwater/core'
import type * as z from 'zod/mini'
import type { RepositoryCaches } from '../context.ts'
import { columnsOf, onlyRow } from '../sql.ts'
import { userRegistered } from './user-events.ts'
import { insertUser, insertUsers, toUser } from './user-queries.ts'
import type { UserRow } from './user-queries.ts'
import type { newUserInput, User } from './user.ts'

/** A registration that was checked. */
export type Registration = z.output<ReturnType<typeof newUserInput>>

/** Inserts a user within a transaction and publishes `user.registered`. */
export async function registerUser(
  tx: Transaction,
  registration: Registration,
  caches: RepositoryCaches,
): Promise<Result<User, never>> {
  const { rows } = await tx.query<UserRow>(insertUser, valuesOf(registration))
  return ok(registered(tx, onlyRow(rows), caches))
}

/**
 * Inserts users with different addresses within a transaction and publishes their
 * `user.registered`. Returns `undefined` in the place of one whose address or name is taken, and
 * refuses all when a trigger of the host has changed an address: it could not be told whose it is.
 */
export async function registerUsers(
  tx: Transaction,
  registrations: readonly Registration[],
  caches: RepositoryCaches,
): Promise<Result<readonly (User | undefined)[], 'one by one'>> {
  const { rows } = await tx.query<UserRow>(insertUsers, columnsOf(registrations.map(valuesOf)))
  const users = new Map(rows.map((row) => [row.email, registered(tx, row, caches)]))
  const answers = registrations.map(({ email }) => users.get(email))
  const told = answers.filter((user) => user !== undefined)
  return told.length === rows.length ? ok(answers) : err('one by one')
}

function registered(tx: Transaction, row: UserRow, caches: RepositoryCaches): User {
  const user = toUser(row)
  // Its absence may be cached: another caller may have asked for the id before it existed.
  tx.invalidate(caches.users.key(user.id))
  tx.publish(userRegistered(user))
  return user
}

/** The parameters of `insertUser`. */
function valuesOf(registration: Registration): readonly unknown[] {
  const { email, username, passwordHash, fullName, role, metadata } = registration
  return [
    email,
    username,
    passwordHash,
    fullName ?? null,
    role,
    metadata?.ipAddress,
    metadata?.userAgent,
    metadata?.referrer,
  ]
}
