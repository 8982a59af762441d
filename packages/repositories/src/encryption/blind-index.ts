import { createHmac } from 'node:crypto'
import { deriveKey } from './field-cipher.ts'

const prefix = 'blind:1:'

/**
 * Stands for an e-mail address in an index: equal for addresses that are equal whatever their case,
 * and telling nothing else of them without the key (HMAC-SHA-256). No address looks like one.
 */
export class BlindIndex {
  readonly #key: Uint8Array

  constructor(key: Uint8Array) {
    this.#key = deriveKey(key, 'users.email/index')
  }

  /** The index of an address. */
  of(email: string): string {
    return `${prefix}${this.#digest(email).toString('hex')}`
  }

  /** The advisory lock of an address, as PostgreSQL takes it: a 64-bit number. */
  lockOf(email: string): string {
    return this.#digest(email).readBigInt64BE(0).toString()
  }

  #digest(email: string): Buffer {
    return createHmac('sha256', this.#key).update(normalized(email)).digest()
  }
}

/** Whether a text is a blind index. */
export function isBlind(text: string): boolean {
  return text.startsWith(prefix)
}

/** An address in the case that PostgreSQL's unique index folds to: that of ASCII letters alone. */
export function normalized(email: string): string {
  return email.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
