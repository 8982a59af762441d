import { type Ledger, nowNs } from '../ledger.ts'
import { rowCount } from '../rows.ts'
import type { Subject } from '../subject.ts'

const readsPerSecond = 200_000
const leastAtOnce = 100
const mostAtOnce = 6_000
const noteEveryNs = 100e6
/** Most reads are of the first rows. */
const skew = 2

/**
 * Reads of what a process keeps near, many in one turn of the event loop. Of reads in a row that
 * returned the same version only the first and the last are noted: one between them has not begun
 * later than the last, so it is stale only if the last is.
 */
export class Peeks {
  readonly #peek: (key: number) => number | undefined
  readonly #ledger: Ledger
  readonly #versions = new Float64Array(rowCount)
  /** When the last read began that is not noted; 0 without one. */
  readonly #lastBeganAt = new Float64Array(rowCount)
  #notedAt = 0
  #burstAt = nowNs()

  private constructor(peek: (key: number) => number | undefined, ledger: Ledger) {
    this.#peek = peek
    this.#ledger = ledger
  }

  /** The reads of a subject; `undefined` if it keeps nothing that can be read at once. */
  static of(subject: Subject, ledger: Ledger): Peeks | undefined {
    const peek = subject.peek?.bind(subject)
    return peek && new Peeks(peek, ledger)
  }

  /** Reads as often as is due since the last burst. Returns whether anything was kept. */
  burst(): boolean {
    let beganAt = nowNs()
    if (beganAt - this.#notedAt > noteEveryNs) this.flush()
    const due = ((beganAt - this.#burstAt) / 1e9) * readsPerSecond
    this.#burstAt = beganAt
    let isKept = false
    for (let left = Math.min(mostAtOnce, Math.max(leastAtOnce, due)); left > 0; left -= 1) {
      const key = Math.floor(rowCount * Math.random() ** skew)
      beganAt = nowNs()
      const version = this.#peek(key)
      if (version === undefined) continue
      this.#note(key, version, beganAt)
      isKept = true
    }
    return isKept
  }

  /** Notes the last reads. */
  flush(): void {
    this.#notedAt = nowNs()
    for (let key = 0; key < rowCount; key += 1) this.#noteLast(key)
  }

  #note(key: number, version: number, beganAt: number): void {
    if (version === this.#versions[key]) {
      this.#lastBeganAt[key] = beganAt
      return
    }
    this.#noteLast(key)
    this.#versions[key] = version
    this.#ledger.note('read', key, version, { beganAt })
  }

  #noteLast(key: number): void {
    const beganAt = this.#lastBeganAt[key] ?? 0
    if (beganAt === 0) return
    this.#lastBeganAt[key] = 0
    this.#ledger.note('read', key, this.#versions[key] ?? 0, { beganAt, endedAt: beganAt })
  }
}
