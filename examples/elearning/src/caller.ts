import type { Abortable, StoreError } from '@headwater/core'
import type { User } from '@headwater/repositories'
import { forbidden, notSignedIn, refuse, unwrap } from './failure.ts'
import type { Services } from './services.ts'

/** The sender of a request; `unknown` when Redis could not look up the session. */
export type Caller =
  | { readonly kind: 'user'; readonly userId: number; readonly token: string }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'unknown'; readonly failure: StoreError }

/** The part of a request that says who asks, and until when. */
export interface Asking extends Abortable {
  readonly caller: Caller
}

/** The caller without a session. */
export const anonymous: Caller = { kind: 'anonymous' }

/** The caller with a session token: one Redis round trip. */
export async function callerOfToken(
  { sessions }: Pick<Services, 'sessions'>,
  token: string,
): Promise<Caller> {
  const session = await sessions.touch(token)
  if (session.isErr()) return { kind: 'unknown', failure: session.error }
  if (session.value === undefined) return anonymous
  return { kind: 'user', userId: session.value.userId, token }
}

/** The id of the signed-in user, for operations that anyone may use. */
export function callerId(caller: Caller): number | undefined {
  return caller.kind === 'user' ? caller.userId : undefined
}

/**
 * The id of the signed-in user. Otherwise the request ends with 401, or with 503 when the session
 * could not be looked up.
 */
export function memberId(caller: Caller): number {
  if (caller.kind === 'user') return caller.userId
  return refuse(caller.kind === 'unknown' ? caller.failure : notSignedIn)
}

/** The profile of the signed-in user; otherwise the request ends. */
export async function member(
  { users }: Pick<Services, 'users'>,
  { caller, signal }: Asking,
): Promise<User> {
  return (await unwrap(users.get(memberId(caller), { signal }))) ?? refuse(notSignedIn)
}

/** Ends the request with 403 unless the signed-in user has a role. */
export async function requireRole(
  services: Pick<Services, 'users'>,
  asking: Asking,
  role: string,
): Promise<void> {
  if ((await member(services, asking)).role !== role) refuse(forbidden)
}
