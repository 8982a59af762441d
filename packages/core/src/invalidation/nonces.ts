import { randomBytes } from 'node:crypto'

/**
 * Makes ids that no other process makes: sixteen characters, of which eight are random per process
 * and eight count.
 */
export class Nonces {
  readonly #prefix = randomBytes(6).toString('base64url')
  #count = 0

  /** The next id. */
  next(): string {
    this.#count += 1
    return this.#prefix + this.#count.toString(36).padStart(8, '0')
  }
}
