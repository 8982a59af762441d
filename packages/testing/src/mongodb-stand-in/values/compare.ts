import { Binary, type Long, type ObjectId } from 'bson'
import { bsonType, type Document } from './document.ts'
import { compareNumbers, numberKey, numberKind } from './number.ts'

const ranks: Record<string, number> = {
  MinKey: 0,
  BSONSymbol: 5,
  Binary: 8,
  ObjectId: 9,
  Timestamp: 12,
  BSONRegExp: 13,
  DBRef: 6,
  Code: 15,
  MaxKey: 99,
}

/**
 * The rank of a value's type in MongoDB's order of types; values of the same rank compare by value.
 */
export function typeRank(value: unknown): number {
  if (value === undefined) return 1
  if (value === null) return 2
  if (typeof value === 'string') return 5
  if (typeof value === 'boolean') return 10
  if (numberKind(value) !== undefined) return 3
  if (Array.isArray(value)) return 7
  if (value instanceof Date) return 11
  if (value instanceof RegExp) return 13
  return ranks[bsonType(value) ?? ''] ?? 6
}

/**
 * Orders two values as MongoDB does: by type first, numbers of all types by value, documents field
 * by field in their order.
 */
export function compareValues(left: unknown, right: unknown): number {
  if (typeof left === 'number' && typeof right === 'number') return compareNumbers(left, right)
  const rank = typeRank(left)
  const ranked = rank - typeRank(right)
  return ranked !== 0 ? Math.sign(ranked) : compareOfRank(rank, left, right)
}

/**
 * Whether two values are equal: numbers by value, documents with the same fields in the same order.
 */
export function equalValues(left: unknown, right: unknown): boolean {
  return left === right || compareValues(left, right) === 0
}

/** A text that is equal for equal values only: the key of groups, sets and indexes. */
export function valueKey(value: unknown): string {
  if (typeof value === 'string') return `s${value.length}:${value}`
  if (typeof value === 'number') return `n${numberKey(value)}`
  const rank = typeRank(value)
  if (rank === 3) return `n${numberKey(value)}`
  if (rank === 7) return `[${(value as unknown[]).map(valueKey).join()}]`
  if (rank === 6)
    return `{${Object.entries(value as Document)
      .map(fieldKey)
      .join()}}`
  if (rank === 9) return `o${(value as ObjectId).toHexString()}`
  if (rank === 11) return `d${(value as Date).getTime()}`
  return `${rank}${otherKey(value)}`
}

/** The values without those equal to an earlier one. */
export function distinctValues(values: Iterable<unknown>): unknown[] {
  const seen = new Map<string, unknown>()
  for (const value of values) {
    const key = valueKey(value)
    if (!seen.has(key)) seen.set(key, value)
  }
  return [...seen.values()]
}

/**
 * Orders strings by code point, which is the order of their UTF-8 bytes; JavaScript's own order
 * differs beyond U+FFFF.
 */
export function compareStrings(left: string, right: string): number {
  if (left === right) return 0
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index += 1) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a !== b)
      return isSurrogate(a) === isSurrogate(b) || Math.min(a, b) < 0xd800
        ? Math.sign(a - b)
        : isSurrogate(a)
          ? 1
          : -1
  }
  return Math.sign(left.length - right.length)
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}

function compareOfRank(rank: number, left: unknown, right: unknown): number {
  if (rank === 3) return compareNumbers(left, right)
  if (rank === 5) return compareStrings(String(left), String(right))
  if (rank === 6) return compareDocuments(left as Document, right as Document)
  if (rank === 7) return compareArrays(left as unknown[], right as unknown[])
  if (rank === 8) return compareBinaries(left as Binary, right as Binary)
  if (rank === 9)
    return compareStrings((left as ObjectId).toHexString(), (right as ObjectId).toHexString())
  if (rank === 10 || rank === 11) return compareNumbers(Number(left), Number(right))
  if (rank === 12) return (left as Long).compare(right as Long)
  return compareStrings(otherKey(left), otherKey(right))
}

function compareArrays(left: unknown[], right: unknown[]): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index += 1) {
    const order = compareValues(left[index], right[index])
    if (order !== 0) return order
  }
  return Math.sign(left.length - right.length)
}

function compareDocuments(left: Document, right: Document): number {
  const a = Object.entries(left)
  const b = Object.entries(right)
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index += 1) {
    const order = compareFields(a[index], b[index])
    if (order !== 0) return order
  }
  return Math.sign(a.length - b.length)
}

function compareFields(
  left: [string, unknown] = ['', undefined],
  right: [string, unknown] = ['', undefined],
): number {
  const ranked = typeRank(left[1]) - typeRank(right[1])
  if (ranked !== 0) return Math.sign(ranked)
  const named = compareStrings(left[0], right[0])
  return named !== 0 ? named : compareValues(left[1], right[1])
}

function compareBinaries(left: Binary, right: Binary): number {
  if (left.length() !== right.length()) return Math.sign(left.length() - right.length())
  if (left.sub_type !== right.sub_type) return Math.sign(left.sub_type - right.sub_type)
  return Buffer.compare(Buffer.from(left.value()), Buffer.from(right.value()))
}

function fieldKey([name, value]: [string, unknown]): string {
  return `${name.length}:${name}=${valueKey(value)}`
}

function otherKey(value: unknown): string {
  if (value instanceof RegExp) return `${value.source}/${value.flags}`
  if (value instanceof Binary) return `${value.sub_type}:${value.toString('hex')}`
  if (typeof value === 'boolean') return String(value)
  if (value === null || value === undefined) return ''
  return JSON.stringify(value)
}
