import { once, rowId } from '@headwater/core'
import type { NewEvent } from '@headwater/core'
import * as z from 'zod/mini'
import { subjectId } from '../input.ts'
import type { ErasedUser } from './pseudonymise.ts'
import type { User } from './user.ts'

/** Payload of `user.registered`. */
export type UserRegisteredPayload = {
  /** The user. */
  readonly userId: number
  /** The host's name of the user's role. */
  readonly role: string
}

/** Reads a {@link UserRegisteredPayload}. */
export const userRegisteredPayload = once((): z.ZodMiniType<UserRegisteredPayload> =>
  z.object({
    userId: subjectId(),
    role: z.string(),
  }),
)

/** Payload of `user.updated`: the names of the changed fields, without their values. */
export type UserUpdatedPayload = {
  /** The user. */
  readonly userId: number
  /** Names of the fields that the change set. */
  readonly changed: readonly string[]
}

/** Payload of `user.password-changed`. */
export type UserPasswordChangedPayload = {
  /** The user. */
  readonly userId: number
}

/** Payload of `user.deleted`. */
export type UserDeletedPayload = {
  /** The id of the deleted user. */
  readonly userId: number
  /** The negative number that replaces the id in the activity log. */
  readonly pseudonym: number
}

/** Reads a {@link UserDeletedPayload}. */
export const userDeletedPayload = once((): z.ZodMiniType<UserDeletedPayload> =>
  z.object({
    userId: rowId(),
    pseudonym: z.int().check(z.maximum(-1)),
  }),
)

/** A user was registered. */
export function userRegistered(user: User): NewEvent {
  const payload: UserRegisteredPayload = { userId: user.id, role: user.role }
  return {
    aggregateType: 'user',
    aggregateId: user.id,
    type: 'user.registered',
    version: user.version,
    payload,
  }
}

/** Fields of a profile changed. */
export function userUpdated(user: User, changed: readonly string[]): NewEvent {
  const payload: UserUpdatedPayload = { userId: user.id, changed }
  return {
    aggregateType: 'user',
    aggregateId: user.id,
    type: 'user.updated',
    version: user.version,
    payload,
  }
}

/** A password changed. */
export function userPasswordChanged(user: User): NewEvent {
  const payload: UserPasswordChangedPayload = { userId: user.id }
  return {
    aggregateType: 'user',
    aggregateId: user.id,
    type: 'user.password-changed',
    version: user.version,
    payload,
  }
}

/** A user was deleted; `version` follows the user's last. */
export function userDeleted({ userId, pseudonym }: ErasedUser, version: number): NewEvent {
  const payload: UserDeletedPayload = { userId, pseudonym }
  return { aggregateType: 'user', aggregateId: userId, type: 'user.deleted', version, payload }
}
