import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { err, ok } from '@headwater/core'
import type { Result } from '@headwater/core'
import { encryptionFailed } from './encryption-failed.ts'
import type { EncryptionFailed } from './encryption-failed.ts'
import { keyRingProblem } from './key-ring.ts'
import type { KeyRing, KeyRingSource } from './key-ring.ts'

/** Where a text is stored. A text that is moved elsewhere is not decrypted there. */
export interface Place {
  /** Schema of PostgreSQL, also of what is in MongoDB. */
  readonly schema: string
  /** Table or collection. */
  readonly table: string
  readonly column: string
  /** Id of the row or document. */
  readonly row: string | number
}

const ivBytes = 12
const tagBytes = 16
const algorithm = 'aes-256-gcm'
const form = /^enc:1:([\w-]{1,32}):([\w-]{16}):([\w-]{22,})$/

/** A key that was derived for a field, and the key that it was derived from. */
interface DerivedKey {
  readonly of: Uint8Array
  readonly key: Uint8Array
}

/**
 * Encrypts texts of fields: AES-256-GCM with a random IV, under a key per field that HKDF-SHA-256
 * (RFC 5869) derives from one of the ring, with the place of the text as associated data. The text
 * is `enc:1:`, the id of the key, the IV, and the encrypted text with its tag.
 */
export class FieldCipher {
  readonly #source: KeyRingSource
  /** By id of the key and field. A function may return other bytes under the same id. */
  readonly #derived = new Map<string, DerivedKey>()
  #checked: KeyRing | undefined

  constructor(source: KeyRingSource) {
    this.#source = source
  }

  /** Encrypts a text with the current key. */
  seal(text: string, place: Place): Result<string, EncryptionFailed> {
    const field = fieldOf(place)
    const ring = this.#ring()
    if (ring === undefined) return err(encryptionFailed('key-ring-invalid', field))
    const keyId = ring.current
    const key = this.#keyOf(ring, keyId, field)
    if (key === undefined) return err(encryptionFailed('key-missing', field, keyId))
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes })
    cipher.setAAD(associatedData(place))
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
    return ok(`enc:1:${keyId}:${iv.toString('base64url')}:${sealed.toString('base64url')}`)
  }

  /** Decrypts a text with the key that it names. */
  open(sealed: string, place: Place): Result<string, EncryptionFailed> {
    const field = fieldOf(place)
    const [, keyId = '', iv = '', body = ''] = form.exec(sealed) ?? []
    if (keyId === '') return err(encryptionFailed('altered', field))
    const ring = this.#ring()
    if (ring === undefined) return err(encryptionFailed('key-ring-invalid', field))
    const key = this.#keyOf(ring, keyId, field)
    if (key === undefined) return err(encryptionFailed('key-missing', field, keyId))
    const bytes = Buffer.from(body, 'base64url')
    const options = { authTagLength: tagBytes }
    const decipher = createDecipheriv(algorithm, key, Buffer.from(iv, 'base64url'), options)
    decipher.setAAD(associatedData(place))
    try {
      decipher.setAuthTag(bytes.subarray(-tagBytes))
      const text = decipher.update(bytes.subarray(0, -tagBytes), undefined, 'utf8')
      return ok(text + decipher.final('utf8'))
    } catch {
      return err(encryptionFailed('altered', field, keyId))
    }
  }

  /** Whether a text is encrypted with the current key. */
  isCurrent(sealed: string): boolean {
    const keyId = form.exec(sealed)?.[1]
    return keyId !== undefined && keyId === this.#ring()?.current
  }

  #ring(): KeyRing | undefined {
    if (typeof this.#source !== 'function') return this.#source
    try {
      const ring = this.#source()
      if (ring === this.#checked) return ring
      if (keyRingProblem(ring) !== undefined) return undefined
      this.#checked = ring
      return ring
    } catch {
      // Its message may quote secrets.
      return undefined
    }
  }

  #keyOf({ keys }: KeyRing, id: string, field: string): Uint8Array | undefined {
    const key = Object.hasOwn(keys, id) ? keys[id] : undefined
    if (key === undefined) return undefined
    const name = `${id}/${field}`
    const known = this.#derived.get(name)
    if (known !== undefined && Buffer.compare(known.of, key) === 0) return known.key
    const made = { of: new Uint8Array(key), key: deriveKey(key, field) }
    this.#derived.set(name, made)
    return made.key
  }
}

/** A key for one purpose, derived from another. */
export function deriveKey(key: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', `headwater/1/${purpose}`, 32))
}

function fieldOf({ table, column }: Place): string {
  return `${table}.${column}`
}

function associatedData({ schema, table, column, row }: Place): Buffer {
  return Buffer.from([schema, table, column, String(row)].map(encodeURIComponent).join('|'))
}
