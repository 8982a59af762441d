import { err, ok, okAsync } from '@headwater/core'
import type {
  CacheReadError,
  InvalidInput,
  ReadOptions,
  Result,
  ResultAsync,
  SqlError,
} from '@headwater/core'
import type { RepositoryContext } from '../context.ts'
import type { EncryptionFailed } from '../encryption/encryption-failed.ts'
import { read, readList } from '../sql.ts'
import type { ListReadOptions, Statement } from '../sql.ts'
import { selectSealedCredentials, selectSealedUserByEmail } from './sealed/sealed-user-queries.ts'
import { isTruncated, openPlain } from './sealed/user-sealing.ts'
import type { StoredUser } from './sealed/user-sealing.ts'
import { selectCredentials, selectUserByEmail, selectUsers, toUser } from './user-queries.ts'
import type { CredentialsRow, UserRow } from './user-queries.ts'
import type { User } from './user.ts'

/** Reads profiles from PostgreSQL, in clear text; all or none. */
export function readUsers(
  context: RepositoryContext,
  statement: Statement,
  options?: ReadOptions,
): ResultAsync<readonly User[], SqlError | EncryptionFailed> {
  return read<UserRow>(context.stores, statement, options).andThen(({ rows }) =>
    openAll(context, rows.map(toUser)),
  )
}

/** Reads profiles as {@link readUsers} does, or from a replica that is as fresh as asked. */
export function listUsers(
  context: RepositoryContext,
  statement: Statement,
  options: ListReadOptions,
): ResultAsync<readonly User[], SqlError | InvalidInput | EncryptionFailed> {
  return readList<UserRow>(context.stores, statement, options).andThen(({ rows }) =>
    openAll(context, rows.map(toUser)),
  )
}

/** The statement that finds the user with an address. */
export function byEmail({ sealing }: RepositoryContext, email: string): Statement {
  return sealing === undefined
    ? [selectUserByEmail, [email]]
    : [selectSealedUserByEmail, [sealing.users.addresses(email)]]
}

/** Reads a profile through the cache, in clear text. */
export function getUser(
  context: RepositoryContext,
  id: number,
  options?: ReadOptions,
): ResultAsync<User | undefined, CacheReadError | EncryptionFailed> {
  return context.caches.users.get(id, options).andThen((user) => {
    if (user === undefined || isPlain(context, user)) return okAsync(user)
    if (!isTruncated(user)) return openUser(context, user)
    return readUsers(context, [selectUsers, [[id]]], options).map(([found]) => found)
  })
}

/** Reads profiles through the cache, in clear text; users that do not exist are left out. */
export function getUsers(
  context: RepositoryContext,
  ids: readonly number[],
  options?: ReadOptions,
): ResultAsync<Map<number, User>, CacheReadError | EncryptionFailed> {
  return context.caches.users.getMany(ids, options).andThen((found) => {
    const users = [...found.values()]
    if (users.every((user) => isPlain(context, user))) return okAsync(found)
    const truncated = users.filter(isTruncated).map(({ id }) => id)
    const whole = openAll(
      context,
      users.filter((user) => !isTruncated(user)),
    )
    return whole.asyncAndThen((opened) =>
      (truncated.length === 0
        ? okAsync<readonly User[]>([])
        : readUsers(context, [selectUsers, [truncated]], options)
      ).map((others) => inOrder(found.keys(), [...opened, ...others])),
    )
  })
}

/** Reads credentials from PostgreSQL. */
export function readCredentials(
  { stores, sealing }: RepositoryContext,
  email: string,
  options?: ReadOptions,
): ResultAsync<CredentialsRow | undefined, SqlError> {
  const statement: Statement =
    sealing === undefined
      ? [selectCredentials, [email]]
      : [selectSealedCredentials, [sealing.users.addresses(email)]]
  return read<CredentialsRow>(stores, statement, options).map(({ rows: [row] }) => row)
}

/** A profile in clear text. */
export function openUser(
  { sealing }: RepositoryContext,
  user: StoredUser,
): Result<User, EncryptionFailed> {
  return sealing === undefined ? openPlain(user) : sealing.users.open(user)
}

/** Profiles in clear text; all or none. */
function openAll(
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

/** Whether nothing is encrypted: the profile is returned as it was read. */
function isPlain({ sealing }: RepositoryContext, user: StoredUser): boolean {
  return sealing === undefined && user.sealed === undefined && !isTruncated(user)
}

function inOrder(ids: Iterable<number>, users: readonly User[]): Map<number, User> {
  const byId = new Map(users.map((user) => [user.id, user]))
  return new Map(
    [...ids].flatMap((id) => {
      const user = byId.get(id)
      return user === undefined ? [] : [[id, user] as const]
    }),
  )
}
