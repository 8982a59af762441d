import { expect, test } from 'vitest'
import { hashOfKey, indexKey, sessionKey, userName } from '../../src/sessions/session-keys.ts'
import { hashOfToken, newToken } from '../../src/sessions/session-token.ts'

const redis = { keyPrefix: 'shop:' }
const users = ['ada', '{ada}', 'ada}', '{}', 'a:b', 5, 'x'.repeat(200)].map(userName)
const hashOf = (user: string) => hashOfToken(newToken(user)) ?? ''
/** What a cluster hashes: between the first opening brace and the first closing one after it. */
const tagOf = (key: string) => /\{([^}]+)\}/.exec(key)?.[1]

test.each(users)('The sessions of %s and their index are in one slot of a cluster', (user) => {
  const tag = tagOf(indexKey(redis, user))
  expect(tag).toMatch(/^[0-9a-f]{3}$/)
  for (let session = 0; session < 50; session += 1)
    expect(tagOf(sessionKey(redis, hashOf(user)))).toBe(tag)
})

test('The users are spread over many slots', () => {
  const keys = Array.from({ length: 1_000 }, (_, id) => tagOf(indexKey(redis, userName(id))))
  expect(new Set(keys).size).toBeGreaterThan(500)
})

test('The hash of a session is 64 digits, told by its key, and by no other token', () => {
  const hashes = Array.from({ length: 100 }, () => hashOf('ada'))
  expect(new Set(hashes).size).toBe(100)
  for (const hash of hashes) {
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(hashOfKey(redis, sessionKey(redis, hash))).toBe(hash)
  }
})
