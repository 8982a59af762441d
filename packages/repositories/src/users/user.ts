import { rowId, storableText } from '@headwater/core'
import type {
  CacheReadError,
  Failure,
  InvalidInput,
  NotFound,
  SqlError,
  TransactionError,
  VersionConflict,
} from '@headwater/core'
import { z } from 'zod'
import { email, expectedVersion, pageLimit } from '../input.ts'
import { cursorInput } from '../page.ts'
import type { PageOptions } from '../page.ts'

/** A user's profile; the password hash is never part of it. */
export interface User {
  /** Id of the row. */
  readonly id: number
  /** E-mail address as it was given; unique whatever the case. */
  readonly email: string
  /** Unique name. */
  readonly username: string
  /** Full name, where known. */
  readonly fullName: string | null
  /** What the host calls the user's role. */
  readonly role: string
  /** Rises by one with each change. */
  readonly version: number
  /** When the user was registered. */
  readonly createdAt: Date
  /** When the profile last changed. */
  readonly updatedAt: Date
}

/** What signing in is checked against. Not to be cached, logged or sent anywhere. */
export interface Credentials {
  /** Whose they are. */
  readonly userId: number
  /** The hash that the host's password library made. */
  readonly passwordHash: string
}

/** What registering a user takes. */
export interface NewUser {
  /** E-mail address, at most 254 characters. */
  readonly email: string
  /** Unique name, at most 100 characters. */
  readonly username: string
  /** The hash that the host's password library made; stored, and never returned with a profile. */
  readonly passwordHash: string
  /** Full name, at most 255 characters. */
  readonly fullName?: string | null | undefined
  /**
   * What the host calls the user's role, at most 50 characters.
   *
   * @defaultValue `'student'`
   */
  readonly role?: string | undefined
}

/** Changes of a profile: absent fields stay as they are, `null` clears. */
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

/** Which users to list. */
export interface UserListOptions extends PageOptions {
  /** Only users of this role. */
  readonly role?: string | undefined
}

/** Another user has this e-mail address, in whatever case. */
export type EmailTaken = Failure<'email-taken'>

/** Another user has this name. */
export type UsernameTaken = Failure<'username-taken'>

/**
 * The user is the instructor of courses, which would have none: hand them over or delete them
 * first.
 */
export type TeachesCourses = Failure<'teaches-courses'>

/** What can go wrong with a registration. */
export type CreateUserError = InvalidInput | EmailTaken | UsernameTaken | TransactionError

/** What can go wrong with a change of a profile. */
export type UpdateUserError =
  InvalidInput | NotFound | VersionConflict | EmailTaken | UsernameTaken | TransactionError

/** What can go wrong with a change of a password. */
export type ChangePasswordError = InvalidInput | NotFound | TransactionError

/** What can go wrong with the deletion of a user. */
export type DeleteUserError = InvalidInput | NotFound | TeachesCourses | TransactionError

/** What can go wrong with listing users. */
export type ListUsersError = InvalidInput | SqlError

/** What can go wrong with reading credentials. */
export type ReadCredentialsError = InvalidInput | SqlError

/** What can go wrong with reading profiles. */
export type ReadUserError = InvalidInput | CacheReadError

/** Checks {@link NewUser}. */
export const newUserInput = z.strictObject({
  email,
  username: storableText(100),
  passwordHash: storableText(255),
  fullName: storableText(255).nullish(),
  role: storableText(50).default('student'),
})

/** Checks {@link UserChanges}. */
export const userChangesInput = z.strictObject({
  email: email.optional(),
  username: storableText(100).optional(),
  fullName: storableText(255).nullable().optional(),
  role: storableText(50).optional(),
  expectedVersion,
})

/** Checks an e-mail address, under the name `email`. */
export const emailInput = z.strictObject({ email })

/** Checks a name, under the name `username`. */
export const usernameInput = z.strictObject({ username: storableText(100) })

/** Checks what a change of a password takes. */
export const passwordInput = z.strictObject({ id: rowId, passwordHash: storableText(255) })

/** Checks {@link UserListOptions}. */
export const userListInput = z.strictObject({
  role: storableText(50).optional(),
  limit: pageLimit,
  cursor: cursorInput('users', z.tuple([rowId])),
})
