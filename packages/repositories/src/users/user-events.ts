import type { NewEvent } from '@headwater/core'
import { z } from 'zod'
import { rowId } from '../input.ts'
import type { User } from './user.ts'

/**
 * Reads the payload of `user.registered`.
 */
export const userRegisteredPayload = z.object({ userId: rowId, role: z.string() })

/**
 * Payload of `user.registered`.
 */
export type UserRegisteredPayload = z.output<typeof userRegisteredPayload>

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
