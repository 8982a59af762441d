import {
  copyOfDecoded,
  type Decode,
  decodedFrom,
  type DecodedValue,
  decodedValue,
} from './decoded-value.ts'

const mostKeysSeen = 10_000

/** The text of an entry and its value. */
interface Parsed {
  readonly raw: string
  readonly value: DecodedValue
}

/**
 * Remembers decoded entries: when Redis returns the same text for a key as before, a comparison and
 * a copy replace `JSON.parse` and the codec. It never answers by itself, so it cannot make a read
 * stale, and every reader gets a value of its own.
 *
 * It remembers an entry when it is read for the second time. It keeps two generations of entries,
 * and drops the older one when the younger one is full.
 */
export class EntryMemo {
  readonly #decode: Decode
  readonly #generationLength: number
  readonly #keysSeen = new Set<string>()
  #young = new Map<string, Parsed>()
  #old = new Map<string, Parsed>()
  #youngLength = 0

  /**
   * @param maxLength - length of all remembered entries in characters; `0` remembers none
   * @param decode - turns parsed JSON into a value, always into the same
   */
  constructor(maxLength: number, decode: Decode) {
    this.#decode = decode
    this.#generationLength = Math.floor(maxLength / 2)
  }

  /** The value of a row that exists. Throws what `JSON.parse` and `decode` throw. */
  read(key: string, raw: string): unknown {
    const young = this.#young.get(key)
    if (young?.raw === raw) return copyOfDecoded(young.value, this.#decode)
    const old = this.#old.get(key)
    if (old?.raw === raw) return copyOfDecoded(this.#keep(key, old).value, this.#decode)
    const value = decodedFrom(raw, this.#decode)
    if (raw.length > this.#generationLength || this.#isFirstSight(key)) return value
    const kept = decodedValue(value, raw)
    if (kept === undefined) return value
    return copyOfDecoded(this.#keep(key, { raw, value: kept }).value, this.#decode)
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
