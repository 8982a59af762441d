import { hash, randomBytes } from 'node:crypto'

const tokenShape = /^[\w-]{43}$/
/** Twelve bits, by which users are spread over the slots of a cluster. */
const tagLength = 3

/**
 * A new token of a user: three digits that all tokens of the user share, and 240 random bits, as 43
 * characters of base64url in all. The user is a `userName`.
 */
export function newToken(user: string): string {
  return tagOfUser(user) + randomBytes(30).toString('base64url')
}

/**
 * The hash that is stored in place of a token, so that a reader of Redis cannot take over a
 * session; `undefined` for a text that is not a token. It begins as the token does.
 */
export function hashOfToken(token: string): string | undefined {
  if (!tokenShape.test(token)) return undefined
  return token.slice(0, tagLength) + hash('sha256', token).slice(tagLength)
}

/** The digits that the tokens of a user begin with, and their hashes. */
export function tagOfUser(user: string): string {
  return hash('sha256', user).slice(0, tagLength)
}

/** The digits of the user that a hash begins with, and the rest of it. */
export function splitHash(text: string): readonly [tag: string, rest: string] {
  return [text.slice(0, tagLength), text.slice(tagLength)]
}
