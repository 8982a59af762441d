import {
  err,
  invalidInput,
  isViolationOf,
  notFound,
  ok,
  validate,
  versionConflict,
} from '@headwater/core'
import type {
  NotFound,
  PendingRevocation,
  ReadOptions,
  Result,
  ResultAsync,
  Sessions,
  SqlError,
  Transaction,
  VersionConflict,
} from '@headwater/core'
import type { z } from 'zod'
import type { RepositoryContext } from '../context.ts'
import { idInput, idsInput } from '../input.ts'
import { encodeCursor, toPage } from '../page.ts'
import type { Page } from '../page.ts'
import { onlyRow, read, write } from '../sql.ts'
import { deleteUser } from './delete-user.ts'
import { userPasswordChanged, userRegistered, userUpdated } from './user-events.ts'
import {
  insertUser,
  selectCredentials,
  selectUserByEmail,
  selectUserByUsername,
  selectUserPage,
  selectUsers,
  toUser,
  updatePassword,
  updateUser,
} from './user-queries.ts'
import type { CredentialsRow, UserRow } from './user-queries.ts'
import {
  emailInput,
  newUserInput,
  passwordInput,
  userChangesInput,
  userListInput,
  usernameInput,
} from './user.ts'
import type {
  ChangePasswordError,
  CreateUserError,
  Credentials,
  DeleteUserError,
  EmailTaken,
  ListUsersError,
  NewUser,
  ReadCredentialsError,
  ReadUserError,
  TeachesCourses,
  UpdateUserError,
  User,
  UserChanges,
  UserListOptions,
  UsernameTaken,
} from './user.ts'

type ValidChanges = z.output<typeof userChangesInput>

/** Users: registration and profiles. No method but {@link credentials} returns a password hash. */
export class UserRepository {
  readonly #context: RepositoryContext
  readonly #sessions: Sessions

  /** @internal */
  constructor(context: RepositoryContext, sessions: Sessions) {
    this.#context = context
    this.#sessions = sessions
  }

  /**
   * Registers a user: the row and the event `user.registered` in one transaction. Afterwards the
   * profile is warmed by an ordinary `get`, whose failure is no failure of the registration.
   *
   * Costs 3 PostgreSQL round trips and 2 of Redis, then those of a `get` that misses.
   */
  create(user: NewUser): ResultAsync<User, CreateUserError> {
    return validate(newUserInput, user)
      .asyncAndThen((input) => write(this.#context.stores, (tx) => this.#insert(tx, input)))
      .mapErr((failure) => takenName(withoutRow(failure)))
      .andThrough((created) => this.get(created.id).orElse(() => ok(undefined)))
  }

  /**
   * Reads a profile; `undefined` when there is no such user. A hit costs 1 Redis round trip, a miss
   * up to 3 and 1 of PostgreSQL; with `tx` 1 of PostgreSQL.
   */
  get(id: number, options?: ReadOptions): ResultAsync<User | undefined, ReadUserError> {
    return validate(idInput, { id }).asyncAndThen(() => this.#context.caches.users.get(id, options))
  }

  /** Reads many profiles; users that do not exist are left out. Costs as much as one `get`. */
  getMany(
    ids: readonly number[],
    options?: ReadOptions,
  ): ResultAsync<Map<number, User>, ReadUserError> {
    return validate(idsInput, { ids }).asyncAndThen((input) =>
      this.#context.caches.users.getMany(input.ids, options),
    )
  }

  /**
   * Finds the user with an e-mail address, whatever its case; `undefined` when there is none. Not
   * cached: 1 PostgreSQL round trip.
   */
  findByEmail(
    email: string,
    options: ReadOptions = {},
  ): ResultAsync<User | undefined, ReadUserError> {
    return validate(emailInput, { email })
      .asyncAndThen((input) =>
        read<UserRow>(this.#context.stores, [selectUserByEmail, [input.email]], options.tx),
      )
      .map(({ rows: [row] }) => row && toUser(row))
  }

  /**
   * Finds the user with a name; `undefined` when there is none. Not cached: 1 PostgreSQL round
   * trip.
   */
  findByUsername(
    username: string,
    options: ReadOptions = {},
  ): ResultAsync<User | undefined, ReadUserError> {
    return validate(usernameInput, { username })
      .asyncAndThen((input) =>
        read<UserRow>(this.#context.stores, [selectUserByUsername, [input.username]], options.tx),
      )
      .map(({ rows: [row] }) => row && toUser(row))
  }

  /** Lists users, newest first. Not cached: 1 PostgreSQL round trip. */
  list({ tx, ...options }: UserListOptions & ReadOptions = {}): ResultAsync<
    Page<User>,
    ListUsersError
  > {
    return validate(userListInput, options).asyncAndThen(({ role, cursor, limit }) =>
      read<UserRow>(this.#context.stores, [selectUserPage, [role, cursor?.[0], limit + 1]], tx).map(
        ({ rows }) => toPage(rows.map(toUser), limit, (last) => encodeCursor('users', [last.id])),
      ),
    )
  }

  /**
   * What the user with an e-mail address, whatever its case, signs in with; `undefined` when there
   * is none. The one way to a password hash, which stays out of cache, events and logs. 1
   * PostgreSQL round trip.
   */
  credentials(email: string): ResultAsync<Credentials | undefined, ReadCredentialsError> {
    return validate(emailInput, { email })
      .asyncAndThen((input) =>
        read<CredentialsRow>(this.#context.stores, [selectCredentials, [input.email]]),
      )
      .map(({ rows: [row] }) => row && { userId: row.id, passwordHash: row.password_hash })
  }

  /**
   * Changes a profile and publishes `user.updated`; the cached profile is never older than the
   * change. With `expectedVersion` the change is made only to that version.
   *
   * Costs 3 PostgreSQL round trips and 2 of Redis; one more of PostgreSQL to tell `not-found` from
   * `version-conflict`.
   */
  update(id: number, changes: UserChanges): ResultAsync<User, UpdateUserError> {
    return validate(idInput, { id })
      .andThen(() => validate(userChangesInput, changes))
      .andThen(someChange)
      .asyncAndThen((input) => write(this.#context.stores, (tx) => this.#change(tx, id, input)))
      .mapErr((failure) => takenName(withoutRow(failure)))
  }

  /**
   * Changes the password, ends all sessions of the user and publishes `user.password-changed`. That
   * the sessions end is committed with the change: when Redis does not answer after the commit it
   * is a success all the same, and they end as soon as Redis does. Whoever made the change begins a
   * new session afterwards.
   *
   * Costs 4 PostgreSQL round trips and 3 of Redis, and one of each in the background; fewer where
   * there are no sessions.
   */
  changePassword(id: number, passwordHash: string): ResultAsync<User, ChangePasswordError> {
    return validate(passwordInput, { id, passwordHash })
      .asyncAndThen((input) => write(this.#context.stores, (tx) => this.#changePassword(tx, input)))
      .mapErr(withoutRow)
      .map(async ([user, revocation]) => {
        await this.#endSessions(revocation)
        return user
      })
  }

  /**
   * Deletes a user in one transaction: the enrollments go, the counts of the courses stay right,
   * all sessions end, and a pseudonym takes the place of the id in what of the user waits for the
   * activity log or for a sink. Publishes `enrollment.withdrawn` for each enrollment and
   * `user.deleted`, by which the sinks put the pseudonym into MongoDB. Who teaches courses cannot
   * be deleted: `teaches-courses`.
   *
   * Costs 8 PostgreSQL round trips and 3 of Redis, and one of each in the background; fewer where
   * there are no sessions.
   */
  delete(id: number): ResultAsync<void, DeleteUserError> {
    return validate(idInput, { id })
      .asyncAndThen(() => write(this.#context.stores, (tx) => this.#delete(tx, id)))
      .mapErr((failure) => teachesCourses(failure, id))
      .map((revocation) => this.#endSessions(revocation))
  }

  async #insert(
    tx: Transaction,
    input: z.output<typeof newUserInput>,
  ): Promise<Result<User, SqlError>> {
    const { rows } = await tx.query<UserRow>(insertUser, [
      input.email,
      input.username,
      input.passwordHash,
      input.fullName ?? null,
      input.role,
    ])
    const user = toUser(onlyRow(rows))
    // Somebody may have asked for this id before it existed: its absence may be cached.
    tx.invalidate(this.#context.caches.users.key(user.id))
    tx.publish(userRegistered(user))
    return ok(user)
  }

  async #change(
    tx: Transaction,
    id: number,
    changes: ValidChanges,
  ): Promise<Result<User, NotFound | VersionConflict>> {
    tx.invalidate(this.#context.caches.users.key(id))
    const {
      rows: [row],
    } = await tx.query<UserRow>(updateUser, [
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

  async #changePassword(
    tx: Transaction,
    { id, passwordHash }: z.output<typeof passwordInput>,
  ): Promise<Result<readonly [User, PendingRevocation], NotFound>> {
    tx.invalidate(this.#context.caches.users.key(id))
    const {
      rows: [row],
    } = await tx.query<UserRow>(updatePassword, [id, passwordHash])
    if (row === undefined) return err(notFound('user', id))
    const user = toUser(row)
    tx.publish(userPasswordChanged(user))
    return ok([user, await this.#sessions.revokeAllWithin(tx, id)] as const)
  }

  async #delete(tx: Transaction, id: number): Promise<Result<PendingRevocation, NotFound>> {
    const deleted = await deleteUser(tx, id, this.#context.caches)
    return deleted.isErr() ? err(deleted.error) : ok(await this.#sessions.revokeAllWithin(tx, id))
  }

  /** It is committed that they end: what fails here is made up for by whoever uses sessions. */
  async #endSessions(revocation: PendingRevocation): Promise<void> {
    const ended = await revocation.apply()
    if (ended.isErr())
      this.#context.stores.diagnostics.emit('session:revocation-failed', { error: ended.error })
  }
}

function teachesCourses<Failure extends { readonly type: string }>(
  failure: Failure,
  id: number,
): Failure | TeachesCourses {
  if (!isViolationOf(failure, 'courses_instructor_id_fkey')) return failure
  return {
    type: 'teaches-courses',
    message: `user ${id} is the instructor of courses`,
    retryable: false,
  }
}

function someChange(changes: ValidChanges) {
  return changedFields(changes).length > 0
    ? ok(changes)
    : err(invalidInput([{ field: 'changes', message: 'must change at least one field' }]))
}

function changedFields({ expectedVersion: _version, ...changes }: ValidChanges): string[] {
  return Object.entries(changes).flatMap(([field, value]) => (value === undefined ? [] : [field]))
}

function takenName<Failure extends { readonly type: string }>(
  failure: Failure,
): Failure | EmailTaken | UsernameTaken {
  if (isViolationOf(failure, 'users_email_key'))
    return {
      type: 'email-taken',
      message: 'another user has this e-mail address',
      retryable: false,
    }
  if (isViolationOf(failure, 'users_username_key'))
    return { type: 'username-taken', message: 'another user has this name', retryable: false }
  return failure
}

// PostgreSQL describes the row that broke a constraint, and with it the password hash.
function withoutRow<Failure extends { readonly type: string; readonly cause?: unknown }>(
  failure: Failure,
): Failure {
  return failure.type === 'constraint-violated' ? { ...failure, cause: undefined } : failure
}
