import { InvalidOptions } from '@headwater/core'
import { describe, expect, test } from 'vitest'
import { checkEncryptionOptions } from '../../src/encryption/encryption-options.ts'
import type { EncryptionOptions } from '../../src/encryption/encryption-options.ts'

const secret = 'c2VjcmV0IGtleSBvZiB0aGUgaW5kZXg'
const key = new Uint8Array(32)
const keyRing = { current: 'k1', keys: { k1: key } }

function refusalOf(options: unknown): string {
  try {
    checkEncryptionOptions(options as EncryptionOptions)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptions)
    return (error as InvalidOptions).message
  }
  throw new Error('the options were taken')
}

describe('encryptedFields', () => {
  test('Defaults are filled in, and an index key may be given before and after it is needed', () => {
    expect(checkEncryptionOptions({ keyRing, indexKey: key })).toEqual({
      users: [],
      activity: [],
      clearText: 'read',
      keyRing,
      indexKey: key,
    })
  })

  test('No index key is needed where no address is encrypted', () => {
    const options = { keyRing, users: ['fullName'], activity: ['ipAddress'] } as const
    expect(checkEncryptionOptions(options)?.indexKey).toBeUndefined()
    expect(checkEncryptionOptions(undefined)).toBeUndefined()
  })

  test.each([
    ['indexKey', { keyRing, users: ['email'] }],
    ['indexKey', { keyRing, indexKey: secret }],
    ['indexKey', { keyRing, indexKey: new Uint8Array(31) }],
    ['users', { keyRing, users: ['username'] }],
    ['activity', { keyRing, activity: ['query'] }],
    ['clearText', { keyRing, clearText: secret }],
    ['keyRing', { keyRing: secret }],
    ['keyRing', { keyRing: { current: 'k1', keys: { k1: secret } } }],
    ['keyRing', { keyRing: { current: 'k2', keys: { k1: key } } }],
    ['keyRing', {}],
    ['indexkey', { keyRing, indexkey: secret }],
    ['encryptedFields', secret],
  ])('A mistake in %s is named, and no value is shown', (name, options) => {
    const message = refusalOf(options)
    expect(message).toContain(name)
    expect(message).not.toContain(secret)
  })
})
