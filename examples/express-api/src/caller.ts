import type { StoreError } from '@headwater/core'
import type { User } from '@headwater/repositories'
import type { RequestHandler, Response } from 'express'
import { forbidden, notSignedIn, RequestFailed, unwrap } from './failure.ts'
import type { Services } from './services.ts'
import { sessionToken } from './session-cookie.ts'

/** The caller of a request; `unknown` when Redis could not look up the session. */
export type Caller =
  | { readonly kind: 'user'; readonly userId: number }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'unknown'; readonly failure: StoreError }

/** Identifies the caller by the session cookie: one Redis round trip when there is a cookie. */
export function identify({ sessions }: Pick<Services, 'sessions'>): RequestHandler {
  return async (request, response, next) => {
    const token = sessionToken(request)
    response.locals['caller'] =
      token === undefined ? anonymous : await callerOfToken(sessions, token)
    next()
  }
}

/** The caller of the request that is being answered. */
export function callerOf(response: Response): Caller {
  return (response.locals['caller'] as Caller | undefined) ?? anonymous
}

/** The id of the signed-in user, for routes that anyone may use. */
export function callerId(response: Response): number | undefined {
  const caller = callerOf(response)
  return caller.kind === 'user' ? caller.userId : undefined
}

/**
 * The id of the signed-in user. Otherwise the request ends with 401, or with 503 when the session
 * could not be looked up.
 */
export function signedInId(response: Response): number {
  const caller = callerOf(response)
  if (caller.kind === 'user') return caller.userId
  throw new RequestFailed(caller.kind === 'unknown' ? caller.failure : notSignedIn)
}

/** The profile of the signed-in user; otherwise the request ends. */
export async function signedInUser(
  { users }: Pick<Services, 'users'>,
  response: Response,
): Promise<User> {
  const user = unwrap(await users.get(signedInId(response)))
  if (user === undefined) throw new RequestFailed(notSignedIn)
  return user
}

/** The profile of the signed-in instructor; for others the request ends with 403. */
export async function signedInInstructor(
  services: Pick<Services, 'users'>,
  response: Response,
): Promise<User> {
  const user = await signedInUser(services, response)
  if (user.role !== 'instructor') throw new RequestFailed(forbidden)
  return user
}

const anonymous: Caller = { kind: 'anonymous' }

async function callerOfToken(sessions: Services['sessions'], token: string): Promise<Caller> {
  const session = await sessions.touch(token)
  if (session.isErr()) return { kind: 'unknown', failure: session.error }
  return session.value === undefined
    ? anonymous
    : { kind: 'user', userId: Number(session.value.userId) }
}
