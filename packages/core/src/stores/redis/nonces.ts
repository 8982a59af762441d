import { randomBytes } from 'node:crypto'

/**
 * Makes ids that no other process makes: sixteen characters, of which eight are random per process
 * and eight count.
 */
export class Nonces {
  /** Names the process: the first eight characters of every id. */
  readonly process = randomBytes(6).toString('base64url')
  #count = 0

  /** The next id. */
  next(): string {
    this.#count += 1
    return this.process + this.#count.toString(36).padStart(8, '0')
  }
}

/** The process that made an id. */
export function processOf(nonce: string): string {
  return nonce.slice(0, 8)
}
