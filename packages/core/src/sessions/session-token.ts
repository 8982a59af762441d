import { hash, randomBytes } from 'node:crypto'

const tokenShape = /^[\w-]{43}$/

/** A new token: 256 random bits as 43 characters of base64url. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * The hash that is stored in place of a token, so that a reader of Redis cannot take over a
 * session; `undefined` for a text that is not a token.
 */
export function hashOfToken(token: string): string | undefined {
  return tokenShape.test(token) ? hash('sha256', token) : undefined
}
