import { err, ok, validate } from '@headwater/core'
import type {
  Abortable,
  CallOptions,
  PendingRevocation,
  ReadOptions,
  Result,
  ResultAsync,
  Sessions,
  Transaction,
} from '@headwater/core'
import type { RepositoryContext } from '../context.ts'
import { idInput, checkIds, someChange } from '../input.ts'
import { encodeCursor, toPage } from '../page.ts'
import type { Page } from '../page.ts'
import { type ListReadOptions, write } from '../sql.ts'
import type { ActivityMetadata } from '../activity/activity.ts'
import type { Redactor } from '../activity/redaction.ts'
import type { EventLog } from '../activity/event-log.ts'
import { splitOptions } from '../split-options.ts'
import { deleteUser } from './delete-user.ts'
import { exportUser } from './export-user.ts'
import { ProfileWarming } from './profile-warming.ts'
import { byEmail, getUser, getUsers, listUsers, readCredentials, readUsers } from './read-users.ts'
import { changePassword } from './update-user.ts'
import { type UserWrites, userWrites } from './user-writes.ts'
import { selectUserByUsername, selectUserPage } from './user-queries.ts'
import type { ExportUserError, UserExport } from './user-export.ts'
import { notConfigured, takenName, teachesCourses } from './user-refusals.ts'
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
  ListUsersError,
  NewUser,
  ReadCredentialsError,
  ReadUserError,
  UpdateUserError,
  User,
  UserChanges,
  UserListOptions,
} from './user.ts'

/** Dependencies of a {@link UserRepository}. */
export interface UserDeps {
  /** The stores and the caches. */
  readonly context: RepositoryContext
  /** Sessions, which end with the user. */
  readonly sessions: Sessions
  /** The event log; `undefined` without MongoDB. */
  readonly log: EventLog | undefined
  /** Redacts fields that must not leave the process. */
  readonly redactor: Redactor | undefined
}

/** Registration and profiles. Only {@link credentials} returns a password hash. */
export class UserRepository {
  readonly #context: RepositoryContext
  readonly #sessions: Sessions
  readonly #log: EventLog | undefined
  readonly #redactor: Redactor | undefined
  readonly #warming: ProfileWarming
  readonly #writes: UserWrites

  /** @internal */
  constructor({ context, sessions, log, redactor }: UserDeps) {
    this.#context = context
    this.#warming = new ProfileWarming(context)
    this.#writes = userWrites(context)
    this.#sessions = sessions
    this.#log = log
    this.#redactor = redactor
  }

  /**
   * Registers a user: inserts the row and publishes `user.registered` in one transaction, which
   * registrations at the same time share. An ordinary `get` then warms the profile in the
   * background. Address and browser reach the registration in the activity log, and are no part of
   * the event.
   *
   * Costs 2 PostgreSQL round trips and 2 of Redis; in the background those of a `get` that misses.
   */
  create(user: NewUser, options?: CallOptions): ResultAsync<User, CreateUserError> {
    return validate(newUserInput(), user)
      .map((input) => ({ ...input, metadata: this.#origin(input.metadata) }))
      .asyncAndThen((input) => this.#writes.registrations.add(input, options))
      .mapErr(takenName)
      .andTee(({ id }) => {
        this.#warming.warm(id)
      })
  }

  /**
   * Reads a profile; `undefined` when there is no such user. A hit costs 1 Redis round trip; a miss
   * up to 3, and 1 of PostgreSQL; with `tx` 1 of PostgreSQL.
   */
  get(id: number, options?: ReadOptions): ResultAsync<User | undefined, ReadUserError> {
    return validate(idInput(), { id }).asyncAndThen(() => getUser(this.#context, id, options))
  }

  /** Reads many profiles; users that do not exist are left out. Costs as much as one `get`. */
  getMany(
    ids: readonly number[],
    options?: ReadOptions,
  ): ResultAsync<Map<number, User>, ReadUserError> {
    return checkIds(ids).asyncAndThen((checked) => getUsers(this.#context, checked, options))
  }

  /**
   * Finds the user with an e-mail address, whatever its case; `undefined` when there is none. Not
   * cached: 1 PostgreSQL round trip.
   */
  findByEmail(
    email: string,
    options: ReadOptions = {},
  ): ResultAsync<User | undefined, ReadUserError> {
    return validate(emailInput(), { email })
      .asyncAndThen((input) =>
        readUsers(this.#context, byEmail(this.#context, input.email), options),
      )
      .map(([user]) => user)
  }

  /**
   * Finds the user with a name, whatever its case; `undefined` when there is none. Not cached: 1
   * PostgreSQL round trip.
   */
  findByUsername(
    username: string,
    options: ReadOptions = {},
  ): ResultAsync<User | undefined, ReadUserError> {
    return validate(usernameInput(), { username })
      .asyncAndThen((input) =>
        readUsers(this.#context, [selectUserByUsername, [input.username]], options),
      )
      .map(([user]) => user)
  }

  /** Lists users, newest first. Not cached: 1 round trip, of a replica if `freshness`. */
  list(options: UserListOptions & ListReadOptions = {}): ResultAsync<Page<User>, ListUsersError> {
    const { call, asked } = splitOptions(options, 'tx', 'signal', 'freshness')
    return validate(userListInput(), asked).asyncAndThen(({ role, cursor, limit }) =>
      listUsers(this.#context, [selectUserPage, [role, cursor?.[0], limit + 1]], call).map(
        (users) => toPage(users, limit, (last) => encodeCursor('users', [last.id])),
      ),
    )
  }

  /**
   * Reads the credentials of the user with an e-mail address, whatever its case; `undefined` when
   * there is none. Nothing else returns a password hash, which stays out of cache, events and logs.
   * 1 PostgreSQL round trip.
   */
  credentials(
    email: string,
    options?: Abortable,
  ): ResultAsync<Credentials | undefined, ReadCredentialsError> {
    return validate(emailInput(), { email })
      .asyncAndThen((input) => readCredentials(this.#context, input.email, options))
      .map((row) => row && { userId: row.id, passwordHash: row.password_hash })
  }

  /**
   * Changes a profile and publishes `user.updated`; no reader sees the old profile afterwards. With
   * `expectedVersion` another version is left alone: `version-conflict`. Changes of other profiles
   * at the same time may share the transaction, which an abort then leaves alone.
   *
   * Costs 2 PostgreSQL round trips and 2 of Redis; one more of PostgreSQL to tell `not-found`
   * from `version-conflict`.
   */
  update(
    id: number,
    changes: UserChanges,
    options?: CallOptions,
  ): ResultAsync<User, UpdateUserError> {
    return validate(idInput(), { id })
      .andThen(() => validate(userChangesInput(), changes))
      .andThen(someChange)
      .asyncAndThen((input) => this.#writes.updates.add({ id, changes: input }, options))
      .mapErr(takenName)
      .mapErr(notConfigured)
  }

  /**
   * Changes the password, ends all sessions of the user and publishes `user.password-changed`. The
   * end of the sessions is committed with the change: when Redis does not answer after the commit,
   * the result is still a success, and the sessions end as soon as Redis answers. The user needs a
   * new session afterwards.
   *
   * Costs 3 PostgreSQL round trips and 3 of Redis, and one of each in the background; fewer
   * where there are no sessions.
   */
  changePassword(
    id: number,
    passwordHash: string,
    options?: CallOptions,
  ): ResultAsync<User, ChangePasswordError> {
    const { stores } = this.#context
    return validate(passwordInput(), { id, passwordHash })
      .asyncAndThen((input) =>
        write(
          stores,
          (tx) => this.#revoking(tx, id, () => changePassword(tx, input, this.#context)),
          options,
        ),
      )
      .map((changed) => this.#endSessions(changed))
  }

  /**
   * Deletes a user in one transaction. The enrollments and the places on waiting lists are deleted
   * and their seats released, all sessions end, and a pseudonym replaces the id in everything that
   * waits for the activity log or for a sink. Publishes `enrollment.withdrawn` for each enrollment,
   * `waitlist.left` for each place, and `user.deleted`, on which the sinks put the pseudonym into
   * MongoDB. An instructor of courses cannot be deleted: `teaches-courses`.
   *
   * Costs 8 PostgreSQL round trips and 3 of Redis, and one of each in the background; fewer where
   * there are no sessions, and one more of PostgreSQL where a seat goes to someone who waits.
   */
  delete(id: number, options?: CallOptions): ResultAsync<void, DeleteUserError> {
    const { stores } = this.#context
    return validate(idInput(), { id })
      .asyncAndThen(() =>
        write(
          stores,
          (tx) => this.#revoking(tx, id, () => deleteUser(tx, id, this.#context)),
          options,
        ),
      )
      .mapErr((failure) => teachesCourses(failure, id))
      .map((deleted) => this.#endSessions(deleted))
  }

  /**
   * Exports all that is known of a user, from every store; never the password hash or a session's
   * token. Changes nothing. Activity of the last half second may be missing. During an outage of
   * any store the export fails and names it: it is never a part of the whole. A MongoDB that does
   * not answer is waited for three seconds, a long history two minutes.
   *
   * Costs 5 PostgreSQL round trips at once, 2 of Redis, and 1 and then 3 reads of MongoDB at once.
   */
  export(id: number, options?: Abortable): ResultAsync<UserExport, ExportUserError> {
    const deps = { context: this.#context, sessions: this.#sessions, log: this.#log }
    return validate(idInput(), { id }).asyncAndThen(() => exportUser(deps, id, options))
  }

  /** The redacted origin of a registration; `undefined` when no log would receive it. */
  #origin(metadata: ActivityMetadata = {}): ActivityMetadata | undefined {
    if (this.#log === undefined) return undefined
    const origin = { data: {}, metadata: { ...metadata } }
    return (this.#redactor?.redact(origin) ?? origin).metadata
  }

  /** Runs a change of a user within a transaction that also ends the user's sessions. */
  async #revoking<T, E>(
    tx: Transaction,
    id: number,
    change: () => Promise<Result<T, E>>,
  ): Promise<Result<readonly [T, PendingRevocation], E>> {
    const changed = await change()
    if (changed.isErr()) return err(changed.error)
    return ok([changed.value, await this.#sessions.revokeAllWithin(tx, id)] as const)
  }

  /** Ends the sessions in Redis at once. The end is committed: a failure delays it, no more. */
  async #endSessions<T>([value, revocation]: readonly [T, PendingRevocation]): Promise<T> {
    const ended = await revocation.apply()
    if (ended.isErr())
      this.#context.stores.diagnostics.emit('session:revocation-failed', { error: ended.error })
    return value
  }
}
