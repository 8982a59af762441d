import { sessionDefaults } from '@headwater/core'
import { parseCookie, stringifySetCookie } from 'cookie'
import type { Request, Response } from 'express'

const name = 'session'

/** Scripts cannot read it, and other sites cannot have it sent. */
const attributes = { name, httpOnly: true, sameSite: 'strict', path: '/' } as const

/** The token that a request brings along. */
export function sessionToken(request: Request): string | undefined {
  return parseCookie(request.headers.cookie ?? '')[name]
}

/**
 * Hands the browser a token; `isSecure`: only over TLS. The session itself ends earlier when it is
 * not used.
 */
export function setSessionCookie(response: Response, token: string, isSecure: boolean): void {
  const maxAge = sessionDefaults.absoluteTtlMs / 1_000
  response.append(
    'Set-Cookie',
    stringifySetCookie({ ...attributes, value: token, maxAge, secure: isSecure }),
  )
}

/** Has the browser forget the token. */
export function clearSessionCookie(response: Response): void {
  response.append('Set-Cookie', stringifySetCookie({ ...attributes, value: '', maxAge: 0 }))
}
