import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { BlindIndex } from '../../src/encryption/blind-index.ts'
import { deriveKey, FieldCipher, type Place } from '../../src/encryption/field-cipher.ts'
import type { KeyRing } from '../../src/encryption/key-ring.ts'

const place: Place = { schema: 'public', table: 'users', column: 'email', row: 5 }
const keys = { k1: randomBytes(32), k2: randomBytes(32) }
const cipher = new FieldCipher({ current: 'k1', keys })

describe('FieldCipher', () => {
  test.each(['', 'ada@example.com', 'Ada Lovelace 🎓', 'x'.repeat(100_000)])(
    'A text is what it was after both ways',
    (text) => {
      const sealed = cipher.seal(text, place)._unsafeUnwrap()
      expect(sealed).toMatch(/^enc:1:k1:[\w-]{16}:[\w-]+$/)
      expect(cipher.open(sealed, place)._unsafeUnwrap()).toBe(text)
    },
  )

  test('Equal texts are encrypted differently', () => {
    const sealed = [1, 2].map(() => cipher.seal('ada', place)._unsafeUnwrap())
    expect(sealed[0]).not.toBe(sealed[1])
  })

  test.each([
    ['schema', { schema: 'other' }],
    ['table', { table: 'user_origin' }],
    ['column', { column: 'fullName' }],
    ['row', { row: 6 }],
  ])('A text is not decrypted in another %s', (_, change) => {
    const sealed = cipher.seal('ada', place)._unsafeUnwrap()
    const failure = cipher.open(sealed, { ...place, ...change })._unsafeUnwrapErr()
    expect(failure).toMatchObject({ type: 'encryption-failed', reason: 'altered', keyId: 'k1' })
  })

  test('Names with the separator in them are not taken for others', () => {
    const one = { ...place, schema: 'a|users', table: 'b' }
    const sealed = cipher.seal('ada', one)._unsafeUnwrap()
    const other = { ...place, schema: 'a', table: 'users|b' }
    expect(cipher.open(sealed, other).isErr()).toBe(true)
  })

  test('A text of which one bit was changed is refused, and no word of it is shown', () => {
    const sealed = cipher.seal('ada', place)._unsafeUnwrap()
    const at = sealed.lastIndexOf(':') + 3
    const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`
    expect(cipher.open(changed, place)._unsafeUnwrapErr()).toMatchObject({ reason: 'altered' })
    expect(cipher.open('ada', place)._unsafeUnwrapErr()).toMatchObject({ reason: 'altered' })
    expect(cipher.open('enc:1:k1::', place)._unsafeUnwrapErr()).toMatchObject({ reason: 'altered' })
  })

  test('Every key of the ring decrypts, the current one encrypts', () => {
    let ring: KeyRing = { current: 'k1', keys }
    const rotated = new FieldCipher(() => ring)
    const old = rotated.seal('ada', place)._unsafeUnwrap()
    ring = { current: 'k2', keys }
    expect(rotated.open(old, place)._unsafeUnwrap()).toBe('ada')
    expect(rotated.isCurrent(old)).toBe(false)
    expect(rotated.isCurrent(rotated.seal('ada', place)._unsafeUnwrap())).toBe(true)
    ring = { current: 'k2', keys: { k2: keys.k2 } }
    expect(rotated.open(old, place)._unsafeUnwrapErr()).toMatchObject({
      reason: 'key-missing',
      keyId: 'k1',
      message: expect.stringContaining('no key "k1"') as string,
    })
    ring = { current: 'k2', keys: { k1: randomBytes(32), k2: keys.k2 } }
    expect(rotated.open(old, place)._unsafeUnwrapErr()).toMatchObject({ reason: 'altered' })
  })

  test('Each field of each key has a key of its own, by HKDF as RFC 5869 has it', () => {
    const [email, fullName] = [
      deriveKey(keys.k1, 'users.email'),
      deriveKey(keys.k1, 'users.fullName'),
    ]
    expect(email).not.toEqual(fullName)
    expect(deriveKey(keys.k2, 'users.email')).not.toEqual(email)
    const extracted = createHmac('sha256', Buffer.alloc(32)).update(keys.k1).digest()
    const expanded = createHmac('sha256', extracted)
      .update('headwater/1/users.email')
      .update(Uint8Array.of(1))
    expect(Buffer.from(email)).toEqual(expanded.digest())
  })

  test('A text of before is read by every later release', () => {
    const known = new FieldCipher({ current: 'k1', keys: { k1: new Uint8Array(32).fill(7) } })
    expect(known.open(storedText, place)._unsafeUnwrap()).toBe('ada@example.com')
  })

  test('A key that a function returns anew each time is the same key, until its bytes are others', () => {
    let bytes = keys.k1
    const fresh = new FieldCipher(() => ({ current: 'k1', keys: { k1: new Uint8Array(bytes) } }))
    const sealed = fresh.seal('ada', place)._unsafeUnwrap()
    expect(fresh.open(sealed, place)._unsafeUnwrap()).toBe('ada')
    bytes = keys.k2
    expect(fresh.open(sealed, place)._unsafeUnwrapErr()).toMatchObject({ reason: 'altered' })
    bytes = keys.k1
    expect(fresh.open(sealed, place)._unsafeUnwrap()).toBe('ada')
  })

  test.each([
    ['throws', () => fail()],
    ['returns nothing', () => undefined],
    ['returns an id that no text can have', () => ({ current: 'a.b', keys: { 'a.b': keys.k1 } })],
    ['returns a short key', () => ({ current: 'k1', keys: { k1: new Uint8Array(16) } })],
    ['returns no current key', () => ({ current: 'k3', keys })],
  ])('A function that %s is a failure, not an exception', (_, source) => {
    const broken = new FieldCipher(source as () => KeyRing)
    const sealed = cipher.seal('ada', place)._unsafeUnwrap()
    const failure = { type: 'encryption-failed', reason: 'key-ring-invalid', field: 'users.email' }
    expect(broken.seal('ada', place)._unsafeUnwrapErr()).toMatchObject(failure)
    expect(broken.open(sealed, place)._unsafeUnwrapErr()).toMatchObject(failure)
    expect(broken.isCurrent(sealed)).toBe(false)
  })
})

/** Encrypted once, with a key of 32 bytes 7. */
const storedText = 'enc:1:k1:AAECAwQFBgcICQoL:eXUMHe_6SafyfD5C8rvcgNCrbiKx-nfZVqGmYJoBRw'

function fail(): never {
  throw new Error('the vault says: s3cret')
}

describe('BlindIndex', () => {
  const index = new BlindIndex(keys.k1)

  test('Addresses that differ in case alone have one index, others have another', () => {
    expect(index.of('Ada@Example.com')).toBe(index.of('ada@example.com'))
    expect(index.of('ada@example.com')).toMatch(/^blind:1:[0-9a-f]{64}$/)
    expect(index.of('ada@example.com')).not.toBe(index.of('eda@example.com'))
    expect(index.of('ada@example.com')).not.toBe(new BlindIndex(keys.k2).of('ada@example.com'))
  })

  test('Case is folded as PostgreSQL folds it: that of ASCII letters alone', () => {
    expect(index.of('\u00c9va@example.com')).not.toBe(index.of('\u00e9va@example.com'))
    expect(index.of('\u212ay@example.com')).not.toBe(index.of('ky@example.com'))
  })

  test('The lock of an address is that of its other cases, and a number that PostgreSQL takes', () => {
    expect(index.lockOf('Ada@example.com')).toBe(index.lockOf('ada@example.com'))
    expect(index.lockOf('eda@example.com')).not.toBe(index.lockOf('ada@example.com'))
    expect(BigInt.asIntN(64, BigInt(index.lockOf('ada@example.com'))).toString()).toBe(
      index.lockOf('ada@example.com'),
    )
  })
})
