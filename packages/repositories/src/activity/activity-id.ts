import { randomBytes } from 'node:crypto'

const countersPerMs = 4_096
const counters: readonly string[] = Array.from({ length: countersPerMs }, (_, count) =>
  count.toString(16).padStart(3, '0'),
)

/**
 * Ids of one process's activity: UUIDs of version 7 (RFC 9562), each of which sorts after the one
 * before, even after the clock was set back. Two processes differ in 62 random bits.
 */
export class ActivityIds {
  readonly #tail = randomTail()
  #ms = 0
  #counter = 0
  #head = ''

  /** The next id; `now` in milliseconds since the epoch. */
  next(now: number): string {
    this.#counter += 1
    if (now > this.#ms) this.#begin(now)
    else if (this.#counter === countersPerMs) this.#begin(this.#ms + 1)
    return `${this.#head}${counters[this.#counter] ?? ''}${this.#tail}`
  }

  #begin(ms: number): void {
    this.#ms = ms
    this.#counter = 0
    const digits = ms.toString(16).padStart(12, '0')
    this.#head = `${digits.slice(0, 8)}-${digits.slice(8)}-7`
  }
}

function randomTail(): string {
  const bytes = randomBytes(8)
  bytes[0] = 0x80 | ((bytes[0] ?? 0) & 0x3f)
  const digits = bytes.toString('hex')
  return `-${digits.slice(0, 4)}-${digits.slice(4)}`
}
