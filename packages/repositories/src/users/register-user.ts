import { ok } from '@headwater/core'
import type { Result, Transaction } from '@headwater/core'
import type * as z from 'zod/mini'
import type { RepositoryCaches } from '../context.ts'
import { onlyRow } from '../sql.ts'
import { userRegistered } from './user-events.ts'
import { insertUser, toUser } from './user-queries.ts'
import type { UserRow } from './user-queries.ts'
import type { newUserInput, User } from './user.ts'

/** Inserts a user within a transaction and publishes `user.registered`. */
export async function registerUser(
  tx: Transaction,
  input: z.output<ReturnType<typeof newUserInput>>,
  caches: RepositoryCaches,
): Promise<Result<User, never>> {
  const { rows } = await tx.query<UserRow>(insertUser, [
    input.email,
    input.username,
    input.passwordHash,
    input.fullName ?? null,
    input.role,
    input.metadata?.ipAddress,
    input.metadata?.userAgent,
    input.metadata?.referrer,
  ])
  const user = toUser(onlyRow(rows))
  // Its absence may be cached: another caller may have asked for the id before it existed.
  tx.invalidate(caches.users.key(user.id))
  tx.publish(userRegistered(user))
  return ok(user)
}
