import { err, ok } from '@headwater/core'
import type { NotFound, ReadOptions, Result, ResultAsync, SqlError, Transaction, VersionConflict } from '@headwater/core'
import type { z } from 'zod'
import type { RepositoryContext } from '../context.ts'
import { idInput, idsInput, invalidInput, validate } from '../input.ts'
import { isViolationOf, notFound, versionConflict } from '../refusals.ts'
import { onlyRow, read, write } from '../sql.ts'
import { userRegistered, userUpdated } from './user-events.ts'
import { insertUser, selectCredentials, selectUserByEmail, selectUsers, toUser, updateUser } from './user-queries.ts'
import type { CredentialsRow, UserRow } from './user-queries.ts'
import { emailInput, newUserInput, userChangesInput } from './user.ts'
import type {
  CreateUserError, Credentials, EmailTaken, NewUser, ReadCredentialsError, ReadUserError, UpdateUserError, User, UserChanges, UsernameTaken,
} from './user.ts'

type ValidChanges = z.output<typeof userChangesInput>

/**
 * Users: registration and profiles. No method but {@link credentials} returns a password hash.
 */
export class UserRepository {
  readonly #context: RepositoryContext

  /** @internal */
  constructor(context: RepositoryContext) {
    this.#context = context
  }

  /**
   * Registers a user: the row and the event `user.registered` in one transaction. Afterwards the profile is warmed by an ordinary `get`,
   * whose failure is no failure of the registration.
   *
   * Costs 4 PostgreSQL round trips and 2 of Redis, then those of a `get` that misses.
   */
  create(user: NewUser): ResultAsync<User, CreateUserError> {
    return validate(newUserInput, user)
      .asyncAndThen((input) => write(this.#context.stores, (tx) => this.#insert(tx, input)))
      .mapErr((failure) => takenName(withoutRow(failure)))
      .andThrough((created) => this.get(created.id).orElse(() => ok(undefined)))
  }

  /**
   * Reads a profile; `undefined` when there is no such user. A hit costs 1 Redis round trip, a miss up to 3 and 1 of PostgreSQL; with `tx`
   * 1 of PostgreSQL.
   */
  get(id: number, options?: ReadOptions): ResultAsync<User | undefined, ReadUserError> {
    return validate(idInput, { id }).asyncAndThen(() => this.#context.caches.users.get(id, options))
  }

  /**
   * Reads many profiles; users that do not exist are left out. Costs as much as one `get`.
   */
  getMany(ids: readonly number[], options?: ReadOptions): ResultAsync<Map<number, User>, ReadUserError> {
    return validate(idsInput, { ids }).asyncAndThen((input) => this.#context.caches.users.getMany(input.ids, options))
  }

  /**
   * Finds the user with an e-mail address, whatever its case; `undefined` when there is none. Not cached: 1 PostgreSQL round trip.
   */
  findByEmail(email: string, options: ReadOptions = {}): ResultAsync<User | undefined, ReadUserError> {
    return validate(emailInput, { email })
      .asyncAndThen((input) => read<UserRow>(this.#context.stores, [selectUserByEmail, [input.email]], options.tx))
      .map(({ rows: [row] }) => row && toUser(row))
  }

  /**
   * What the user with an e-mail address, whatever its case, signs in with; `undefined` when there is none. The one way to a password hash,
   * which stays out of cache, events and logs. 1 PostgreSQL round trip.
   */
  credentials(email: string): ResultAsync<Credentials | undefined, ReadCredentialsError> {
    return validate(emailInput, { email })
      .asyncAndThen((input) => read<CredentialsRow>(this.#context.stores, [selectCredentials, [input.email]]))
      .map(({ rows: [row] }) => row && { userId: row.id, passwordHash: row.password_hash })
  }

  /**
   * Changes a profile and publishes `user.updated`; the cached profile is never older than the change. With `expectedVersion` the change is
   * made only to that version.
   *
   * Costs 4 PostgreSQL round trips and 2 of Redis; one more of PostgreSQL to tell `not-found` from `version-conflict`.
   */
  update(id: number, changes: UserChanges): ResultAsync<User, UpdateUserError> {
    return validate(idInput, { id })
      .andThen(() => validate(userChangesInput, changes))
      .andThen(someChange)
      .asyncAndThen((input) => write(this.#context.stores, (tx) => this.#change(tx, id, input)))
      .mapErr((failure) => takenName(withoutRow(failure)))
  }

  async #insert(tx: Transaction, input: z.output<typeof newUserInput>): Promise<Result<User, SqlError>> {
    const { rows } = await tx.query<UserRow>(insertUser, [input.email, input.username, input.passwordHash, input.fullName ?? null, input.role])
    const user = toUser(onlyRow(rows))
    // Somebody may have asked for this id before it existed: its absence may be cached.
    tx.invalidate(this.#context.caches.users.key(user.id))
    tx.publish(userRegistered(user))
    return ok(user)
  }

  async #change(tx: Transaction, id: number, changes: ValidChanges): Promise<Result<User, NotFound | VersionConflict>> {
    tx.invalidate(this.#context.caches.users.key(id))
    const { rows: [row] } = await tx.query<UserRow>(updateUser, [
      id, changes.email, changes.username, changes.role, changes.fullName !== undefined, changes.fullName, changes.expectedVersion,
    ])
    if (row === undefined) {
      const { rows } = await tx.query(selectUsers, [[id]])
      return err(rows.length === 0 ? notFound('user', id) : versionConflict('user', id))
    }
    const user = toUser(row)
    tx.publish(userUpdated(user, changedFields(changes)))
    return ok(user)
  }
}

function someChange(changes: ValidChanges) {
  return changedFields(changes).length > 0 ? ok(changes) : err(invalidInput([{ field: 'changes', message: 'must change at least one field' }]))
}

function changedFields({ expectedVersion: _version, ...changes }: ValidChanges): string[] {
  return Object.entries(changes).flatMap(([field, value]) => (value === undefined ? [] : [field]))
}

function takenName<Failure extends { readonly type: string }>(failure: Failure): Failure | EmailTaken | UsernameTaken {
  if (isViolationOf(failure, 'users_email_key')) return { type: 'email-taken', message: 'another user has this e-mail address', retryable: false }
  if (isViolationOf(failure, 'users_username_key')) return { type: 'username-taken', message: 'another user has this name', retryable: false }
  return failure
}

// PostgreSQL describes the row that broke a constraint, and with it the password hash.
function withoutRow<Failure extends { readonly type: string; readonly cause?: unknown }>(failure: Failure): Failure {
  return failure.type === 'constraint-violated' ? { ...failure, cause: undefined } : failure
}
