import { once, rowId, storableText } from '@headwater/core'
import type {
  CacheReadError,
  Failure,
  InvalidInput,
  NotFound,
  SqlError,
  TransactionError,
  VersionConflict,
} from '@headwater/core'
import * as z from 'zod/mini'
import type { ActivityMetadata } from '../activity/activity.ts'
import { metadataInput } from '../activity/activity-metadata.ts'
import type { EncryptionFailed } from '../encryption/encryption-failed.ts'
import { email, expectedVersion, pageLimit } from '../input.ts'
import { cursorInput } from '../page.ts'
import { username } from './username.ts'
import type { PageOptions } from '../page.ts'

/** A user's profile; the password hash is never part of it. */
export interface User {
  /** Id of the row. */
  readonly id: number
  /** E-mail address as it was entered; unique whatever the case. */
  readonly email: string
  /** Name, unique whatever its case and normal form. */
  readonly username: string
  /** Full name; `null` when unknown. */
  readonly fullName: string | null
  /** The host's name of the user's role. */
  readonly role: string
  /** Incremented by each change. */
  readonly version: number
  /** When the user was registered. */
  readonly createdAt: Date
  /** When the profile last changed. */
  readonly updatedAt: Date
}

/** Credentials to check a sign-in against. Never cache, log or send them. */
export interface Credentials {
  /** The user. */
  readonly userId: number
  /** The hash made by the host's password library. */
  readonly passwordHash: string
}

/** A user to register. */
export interface NewUser {
  /** E-mail address, at most 254 characters. */
  readonly email: string
  /**
   * Name, unique whatever its case and normal form: at most 100 letters, digits, single spaces and
   * `. _ ' @ + -`, without a mix of scripts that look alike.
   */
  readonly username: string
  /** The hash made by the host's password library; stored, and never returned with a profile. */
  readonly passwordHash: string
  /** Full name, at most 255 characters. */
  readonly fullName?: string | null | undefined
  /**
   * The host's name of the user's role, at most 50 characters.
   *
   * @defaultValue `'student'`
   */
  readonly role?: string | undefined
  /**
   * The request that the registration came with, for the activity log. `activity.redact` holds for
   * it, as for all activity.
   */
  readonly metadata?: ActivityMetadata | undefined
}

/** Changes of a profile. Absent fields stay as they are, `null` clears. */
export interface UserChanges {
  /** New e-mail address. */
  readonly email?: string | undefined
  /** New unique name. */
  readonly username?: string | undefined
  /** New full name; `null` clears it. */
  readonly fullName?: string | null | undefined
  /** New role. */
  readonly role?: string | undefined
  /** The version that the profile must still have. */
  readonly expectedVersion?: number | undefined
}

/** Filters of a list of users. */
export interface UserListOptions extends PageOptions {
  /** Only users of this role. */
  readonly role?: string | undefined
}

/** Another user has this e-mail address, perhaps in another case. */
export type EmailTaken = Failure<'email-taken'>

/** Another user has this name, perhaps in another case. */
export type UsernameTaken = Failure<'username-taken'>

/** The user is the instructor of courses: give them another instructor, or delete them, first. */
export type TeachesCourses = Failure<'teaches-courses'>

/** Failures of registering a user. */
export type CreateUserError =
  InvalidInput | EmailTaken | UsernameTaken | EncryptionFailed | TransactionError

/** Failures of changing a profile. */
export type UpdateUserError =
  | InvalidInput
  | NotFound
  | VersionConflict
  | EmailTaken
  | UsernameTaken
  | EncryptionFailed
  | TransactionError

/** Failures of changing a password. */
export type ChangePasswordError = InvalidInput | NotFound | EncryptionFailed | TransactionError

/** Failures of deleting a user. */
export type DeleteUserError = InvalidInput | NotFound | TeachesCourses | TransactionError

/** Failures of listing users. */
export type ListUsersError = InvalidInput | EncryptionFailed | SqlError

/** Failures of reading credentials. */
export type ReadCredentialsError = InvalidInput | SqlError

/** Failures of reading profiles. */
export type ReadUserError = InvalidInput | EncryptionFailed | CacheReadError

/** Checks {@link NewUser}. */
export const newUserInput = once(() =>
  z.strictObject({
    email: email(),
    username: username(),
    passwordHash: storableText(255),
    fullName: z.nullish(storableText(255)),
    role: z._default(storableText(50), 'student'),
    metadata: z.optional(metadataInput()),
  }),
)

/** Checks {@link UserChanges}. */
export const userChangesInput = once(() =>
  z.strictObject({
    email: z.optional(email()),
    username: z.optional(username()),
    fullName: z.optional(z.nullable(storableText(255))),
    role: z.optional(storableText(50)),
    expectedVersion: expectedVersion(),
  }),
)

/** Checks an e-mail address, under the name `email`. */
export const emailInput = once(() => z.strictObject({ email: email() }))

/** Checks a name, under the name `username`. */
export const usernameInput = once(() => z.strictObject({ username: storableText(100) }))

/** Checks the arguments of a change of a password. */
export const passwordInput = once(() =>
  z.strictObject({ id: rowId(), passwordHash: storableText(255) }),
)

/** Checks {@link UserListOptions}. */
export const userListInput = once(() =>
  z.strictObject({
    role: z.optional(storableText(50)),
    limit: pageLimit(),
    cursor: cursorInput('users', z.tuple([rowId()])),
  }),
)
