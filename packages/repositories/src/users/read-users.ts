import { err, ok } from '@headwater/core'
import type { CacheReadError, ReadOptions, Result, ResultAsync, SqlError } from '@headwater/core'
import { isSealed } from '../context.ts'
import type { RepositoryContext } from '../context.ts'
import type { EncryptionFailed } from '../encryption/encryption-failed.ts'
import { read } from '../sql.ts'
import {
  selectSealedCredentials,
  selectSealedUserByEmail,
  selectSealedUserByUsername,
  selectSealedUserPage,
  selectSealedUsers,
} from './sealed/sealed-user-queries.ts'
import type { SealedUserRow } from './sealed/sealed-user-queries.ts'
import {
  selectCredentials,
  selectUserByEmail,
  selectUserByUsername,
  selectUserPage,
  selectUsers,
  toStoredUser,
  toUser,
} from './user-queries.ts'
import type { CredentialsRow, UserRow } from './user-queries.ts'
import { openPlain } from './sealed/user-sealing.ts'
import type { StoredUser } from './sealed/user-sealing.ts'
import type { User } from './user.ts'

const statements = {
  'by ids': [selectUsers, selectSealedUsers],
  'by email': [selectUserByEmail, selectSealedUserByEmail],
  'by username': [selectUserByUsername, selectSealedUserByUsername],
  page: [selectUserPage, selectSealedUserPage],
} as const

/** A question for profiles, and the values that its statement takes. */
export type UserQuestion = readonly [by: keyof typeof statements, values: readonly unknown[]]

/** Reads profiles from PostgreSQL, in clear text. */
export function readUsers(
  context: RepositoryContext,
  [by, values]: UserQuestion,
  options?: ReadOptions,
): ResultAsync<readonly User[], SqlError | EncryptionFailed> {
  const [plain, sealed] = statements[by]
  if (!isSealed(context))
    return read<UserRow>(context.stores, [plain, values], options).andThen(({ rows }) =>
      openAll(context, rows.map(toUser)),
    )
  return read<SealedUserRow>(context.stores, [sealed, values], options).andThen(({ rows }) =>
    openAll(context, rows.map(toStoredUser)),
  )
}

/** The user with an address, as {@link UserQuestion} asks. */
export function byEmail({ sealing }: RepositoryContext, email: string): UserQuestion {
  return ['by email', [sealing === undefined ? email : sealing.users.addresses(email)]]
}

/** Reads profiles through the cache, in clear text; users that do not exist are left out. */
export function getUsers(
  context: RepositoryContext,
  ids: readonly number[],
  options?: ReadOptions,
): ResultAsync<Map<number, User>, CacheReadError | EncryptionFailed> {
  const stored = context.caches.users.getMany(ids, options)
  if (!isSealed(context)) return stored
  return stored
    .andThen((found) => openAll(context, [...found.values()]))
    .map((users) => new Map(users.map((user) => [user.id, user])))
}

/** Reads credentials from PostgreSQL. */
export function readCredentials(
  { stores, sealing }: RepositoryContext,
  email: string,
  options?: ReadOptions,
): ResultAsync<CredentialsRow | undefined, SqlError> {
  return read<CredentialsRow>(
    stores,
    sealing === undefined
      ? [selectCredentials, [email]]
      : [selectSealedCredentials, [sealing.users.addresses(email)]],
    options,
  ).map(({ rows: [row] }) => row)
}

/** A profile in clear text. */
export function openUser(
  { sealing }: RepositoryContext,
  user: StoredUser,
): Result<User, EncryptionFailed> {
  return sealing === undefined ? openPlain(user) : sealing.users.open(user)
}

/** Profiles in clear text; all or none. */
export function openAll(
  context: RepositoryContext,
  users: readonly StoredUser[],
): Result<readonly User[], EncryptionFailed> {
  const opened: User[] = []
  for (const user of users) {
    const clear = openUser(context, user)
    if (clear.isErr()) return err(clear.error)
    opened.push(clear.value)
  }
  return ok(opened)
}
