import type { NewEvent } from '@headwater/core'
import { z } from 'zod'
import { rowId } from '../input.ts'
import type { User } from './user.ts'

/**
 * Payload of `user.registered`.
 */
export type UserRegisteredPayload = {
  /** The user. */
  readonly userId: number
  /** What the host calls the user's role. */
  readonly role: string
}

/**
 * Reads a {@link UserRegisteredPayload}.
 */
export const userRegisteredPayload: z.ZodType<UserRegisteredPayload> = z.object({ userId: rowId, role: z.string() })

/**
 * Payload of `user.updated`: which fields changed, not to what.
 */
export type UserUpdatedPayload = {
  /** The user. */
  readonly userId: number
  /** Names of the fields that were given. */
  readonly changed: readonly string[]
}

/**
 * A user was registered.
 */
export function userRegistered(user: User): NewEvent {
  const payload: UserRegisteredPayload = { userId: user.id, role: user.role }
  return { aggregateType: 'user', aggregateId: user.id, type: 'user.registered', version: user.version, payload }
}

/**
 * Fields of a profile changed.
 */
export function userUpdated(user: User, changed: readonly string[]): NewEvent {
  const payload: UserUpdatedPayload = { userId: user.id, changed }
  return { aggregateType: 'user', aggregateId: user.id, type: 'user.updated', version: user.version, payload }
}
