import { payloadOf } from './entry.ts'

/** Depth beyond which values are parsed every time, so that a copy cannot exhaust the stack. */
const deepest = 32
const mostKeysSeen = 10_000

/** The text of an entry and its parsed value. */
interface Parsed {
  readonly raw: string
  readonly value: Primitive | Template
}

type Primitive = string | number | boolean | null

/** An object or array to copy, with the names of its parts that must be copied as well. */
interface Template {
  readonly original: Record<string, unknown>
  readonly names: readonly string[]
  readonly parts: readonly Template[]
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
    if (young?.raw === raw) return copyOf(young)
    const old = this.#old.get(key)
    if (old?.raw === raw) return copyOf(this.#keep(key, old))
    const value: unknown = JSON.parse(payloadOf(raw))
    if (
      raw.length > this.#generationLength ||
      this.#isFirstSight(key) ||
      !isShallow(value, deepest)
    )
      return value
    return copyOf(
      this.#keep(key, { raw, value: isObject(value) ? templateOf(value) : (value as Primitive) }),
    )
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

function copyOf({ value }: Parsed): unknown {
  return typeof value === 'object' && value !== null ? copyOfTemplate(value) : value
}

/** A key `__proto__` stays an ordinary field: the spread defines it before it is assigned. */
function copyOfTemplate({ original, names, parts }: Template): unknown {
  const copy = Array.isArray(original)
    ? (original.slice() as unknown as Record<string, unknown>)
    : { ...original }
  for (let index = 0; index < names.length; index += 1)
    copy[names[index] as string] = copyOfTemplate(parts[index] as Template)
  return copy
}

function templateOf(original: Record<string, unknown>): Template {
  const nested = Object.entries(original).filter(
    (part): part is [string, Record<string, unknown>] => isObject(part[1]),
  )
  return {
    original,
    names: nested.map(([name]) => name),
    parts: nested.map(([, part]) => templateOf(part)),
  }
}

function isShallow(value: unknown, levels: number): boolean {
  return (
    !isObject(value) ||
    (levels > 0 && Object.values(value).every((part) => isShallow(part, levels - 1)))
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
