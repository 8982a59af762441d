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
    return `${prefix}${createHmac('sha256', this.#key).update(normalized(email)).digest('hex')}`
  }
}

/** Whether a text is a blind index. */
export function isBlind(text: string): boolean {
  return text.startsWith(prefix)
}

/** Addresses are ASCII: their case is folded as PostgreSQL folds it in its unique index. */
export function normalized(email: string): string {
  return email.toLowerCase()
}
