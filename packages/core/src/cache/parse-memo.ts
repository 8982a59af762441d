import { copyOf, jsonOriginal, type JsonOriginal } from '../json-copy.ts'
import { payloadOf } from './entry.ts'

const mostKeysSeen = 10_000

/** The text of an entry and its parsed value. */
interface Parsed {
  readonly raw: string
  readonly value: JsonOriginal
}

/**
 * Remembers parsed entries: when Redis returns the same text for a key as before, a comparison and
 * a copy replace `JSON.parse`. It never answers by itself, so it cannot make a read stale, and
 * every reader gets a value of its own.
 *
 * It remembers an entry when it is read for the second time. It keeps two generations of entries,
 * and drops the older one when the younger one is full.
 */
export class ParseMemo {
  readonly #generationLength: number
  readonly #keysSeen = new Set<string>()
  #young = new Map<string, Parsed>()
  #old = new Map<string, Parsed>()
  #youngLength = 0

  /** @param maxLength - length of all remembered entries in characters; `0` remembers none */
  constructor(maxLength: number) {
    this.#generationLength = Math.floor(maxLength / 2)
  }

  /** The parsed value of a row that exists. Throws what `JSON.parse` throws. */
  read(key: string, raw: string): unknown {
    const young = this.#young.get(key)
    if (young?.raw === raw) return copyOf(young.value)
    const old = this.#old.get(key)
    if (old?.raw === raw) return copyOf(this.#keep(key, old).value)
    const value: unknown = JSON.parse(payloadOf(raw))
    if (raw.length > this.#generationLength || this.#isFirstSight(key)) return value
    const original = jsonOriginal(value)
    return original === undefined ? value : copyOf(this.#keep(key, { raw, value: original }).value)
  }

  #isFirstSight(key: string): boolean {
    if (this.#keysSeen.has(key)) return false
    if (this.#keysSeen.size >= mostKeysSeen) this.#keysSeen.clear()
    this.#keysSeen.add(key)
    return true
  }

  #keep(key: string, parsed: Parsed): Parsed {
    if (this.#youngLength + parsed.raw.length > this.#generationLength) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngLength = 0
    }
    this.#young.set(key, parsed)
    this.#youngLength += parsed.raw.length
    return parsed
  }
}
