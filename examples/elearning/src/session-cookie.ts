import { sessionDefaults } from '@headwater/core'
import { parseCookie, stringifySetCookie } from 'cookie'

/** Reads and writes the session cookie. */
export interface SessionCookie {
  /** The session token in a header `Cookie`. */
  tokenIn(header: string | undefined): string | undefined
  /** The header `Set-Cookie` of a session that began. It lasts as long as a session can. */
  begun(token: string): string
  /** The header `Set-Cookie` that deletes it. */
  readonly ended: string
}

/**
 * The session cookie: scripts cannot read it, and other sites cannot cause it to be sent. With
 * `isSecure` browsers send it over TLS only, and `__Host-` keeps other subdomains from setting it.
 */
export function sessionCookie(isSecure: boolean): SessionCookie {
  const name = isSecure ? '__Host-session' : 'session'
  const attributes = {
    name,
    httpOnly: true,
    sameSite: 'strict',
    path: '/',
    secure: isSecure,
  } as const
  const maxAge = sessionDefaults.absoluteTtlMs / 1_000
  return {
    tokenIn: (header) => parseCookie(header ?? '')[name],
    begun: (token) => stringifySetCookie({ ...attributes, value: token, maxAge }),
    ended: stringifySetCookie({ ...attributes, value: '', maxAge: 0 }),
  }
}
