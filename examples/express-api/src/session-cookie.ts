import { sessionDefaults } from '@headwater/core'
import { parseCookie, stringifySetCookie } from 'cookie'
import type { Request, Response } from 'express'

const name = 'session'

/** Scripts cannot read the cookie, and other sites cannot cause it to be sent. */
const attributes = { name, httpOnly: true, sameSite: 'strict', path: '/' } as const

/** The session token of a request. */
export function sessionToken(request: Request): string | undefined {
  return parseCookie(request.headers.cookie ?? '')[name]
}

/**
 * Sets the session cookie; with `isSecure` browsers send it over TLS only. It lasts as long as a
 * session can; an idle session ends earlier.
 */
export function setSessionCookie(response: Response, token: string, isSecure: boolean): void {
  const maxAge = sessionDefaults.absoluteTtlMs / 1_000
  response.append(
    'Set-Cookie',
    stringifySetCookie({ ...attributes, value: token, maxAge, secure: isSecure }),
  )
}

/** Deletes the session cookie. */
export function clearSessionCookie(response: Response): void {
  response.append('Set-Cookie', stringifySetCookie({ ...attributes, value: '', maxAge: 0 }))
}
