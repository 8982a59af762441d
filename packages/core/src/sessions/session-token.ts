import { hash, randomBytes } from 'node:crypto'

const tokenShape = /^[\w-]{43}$/

/** A new token: 256 random bits as 43 characters of base64url. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * What is stored in place of a token, so that who reads Redis cannot take over a session;
 * `undefined` for what is no token.
 */
export function hashOfToken(token: string): string | undefined {
  return tokenShape.test(token) ? hash('sha256', token) : undefined
}
