import { BSONRegExp, deserialize, Double, type Int32, serialize } from 'bson'

/**
 * A document as the engine holds it. Strings, booleans, dates and null are JavaScript's own. A
 * number is an int32 when it is one, else a double; a double that could be mistaken for an int32, a
 * 64-bit integer and a decimal keep their BSON class.
 */
export type Document = Record<string, unknown>

const decodeOptions = { promoteValues: false, bsonRegExp: true, promoteBuffers: false } as const

/** Reads one BSON document into the engine's values. */
export function decodeDocument(bytes: Uint8Array): Document {
  return fromWire(deserialize(bytes, decodeOptions)) as Document
}

/** Writes a document with each value in the type it has in the engine. */
export function encodeDocument(document: Document): Uint8Array {
  return serialize(toWire(document) as Document, { ignoreUndefined: true })
}

/** The name of a value's BSON class, or undefined for JavaScript's own values. */
export function bsonType(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as { _bsontype?: string })._bsontype
}

/** Whether a value is an embedded document: not an array, a date, a pattern or a BSON class. */
export function isDocument(value: unknown): value is Document {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Whether a JavaScript number travels as an int32. */
export function isInt32(value: number): boolean {
  return (
    Number.isInteger(value) && value >= -2147483648 && value <= 2147483647 && !Object.is(value, -0)
  )
}

/** A number that stays a double on the wire. */
export function double(value: number): number | Double {
  return isInt32(value) ? new Double(value) : value
}

/**
 * Copies documents and arrays all the way down; other values are never changed in place and are
 * shared.
 */
export function cloneValue<T>(value: T): T {
  if (Array.isArray(value)) return value.map(cloneValue) as T
  if (!isDocument(value)) return value
  const copy: Document = {}
  for (const key of Object.keys(value)) setField(copy, key, cloneValue(value[key]))
  return copy as T
}

/** Sets an own field of any name; assigning to `__proto__` would change the prototype instead. */
export function setField(target: Document, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value
  else
    Object.defineProperty(target, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
}

/** An own field of a document, undefined when it is missing. */
export function fieldOf(document: Document, key: string): unknown {
  return Object.hasOwn(document, key) ? document[key] : undefined
}

function fromWire(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const type = bsonType(value)
  if (type === 'Int32') return (value as Int32).value
  if (type === 'Double') return double((value as Double).value)
  if (type === 'BSONRegExp') return toRegExp(value as BSONRegExp)
  if (Array.isArray(value)) return replaceEach(value as unknown[])
  if (!isDocument(value)) return value
  for (const key of Object.keys(value)) {
    const field = value[key]
    if (typeof field === 'object' && field !== null) value[key] = fromWire(field)
  }
  return value
}

function replaceEach(values: unknown[]): unknown[] {
  for (let index = 0; index < values.length; index += 1) values[index] = fromWire(values[index])
  return values
}

function toRegExp(pattern: BSONRegExp): RegExp | BSONRegExp {
  const flags = pattern.options
  if (!/^[ims]*$/.test(flags)) return pattern
  try {
    return new RegExp(pattern.pattern, flags)
  } catch {
    return pattern
  }
}

function toWire(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof RegExp)
    return new BSONRegExp(value.source, value.flags.replace(/[^ims]/g, ''))
  if (Array.isArray(value)) return value.some(needsWire) ? value.map(toWire) : value
  if (!isDocument(value) || !Object.values(value).some(needsWire)) return value
  const copy: Document = {}
  for (const key of Object.keys(value)) setField(copy, key, toWire(value[key]))
  return copy
}

function needsWire(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (value instanceof RegExp) return true
  if (Array.isArray(value)) return value.some(needsWire)
  return isDocument(value) && Object.values(value).some(needsWire)
}
