import { Decimal128, type Double, Long } from 'bson'
import { bsonType, double, isInt32 } from './document.ts'
import {
  addDecimals,
  compareDecimals,
  divideDecimals,
  exactDecimalOf,
  multiplyDecimals,
  normalizeDecimal,
  parseDecimal,
  toDecimal128,
  type ExactDecimal,
} from './decimal.ts'

/** The four numeric types of BSON, from the narrowest to the widest. */
export type NumberKind = 'int' | 'long' | 'double' | 'decimal'

const kinds: NumberKind[] = ['int', 'long', 'double', 'decimal']

/** The numeric type of a value, or undefined when it is no number. */
export function numberKind(value: unknown): NumberKind | undefined {
  if (typeof value === 'number') return isInt32(value) ? 'int' : 'double'
  const type = bsonType(value)
  if (type === 'Long') return 'long'
  if (type === 'Double') return 'double'
  return type === 'Decimal128' ? 'decimal' : undefined
}

/**
 * The value as a JavaScript number, rounded where it does not fit; undefined when it is no number.
 */
export function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  const kind = numberKind(value)
  if (kind === undefined) return undefined
  if (kind === 'long') return (value as Long).toNumber()
  return kind === 'double' ? (value as Double).value : Number((value as Decimal128).toString())
}

/**
 * Orders two numbers of any type by their exact values; NaN comes before all others and equals
 * itself.
 */
export function compareNumbers(left: unknown, right: unknown): number {
  if (typeof left === 'number' && typeof right === 'number') return compareDoubles(left, right)
  const a = toNumber(left) ?? NaN
  const b = toNumber(right) ?? NaN
  if (!Number.isFinite(a) || !Number.isFinite(b)) return compareDoubles(a, b)
  return compareDecimals(exact(left), exact(right))
}

/** A text that is equal for equal numbers of any type only. */
export function numberKey(value: unknown): string {
  if (typeof value === 'number') return value === 0 ? '0' : String(value)
  const number = toNumber(value) ?? NaN
  if (!Number.isFinite(number)) return String(number)
  const { coefficient, exponent } = normalizeDecimal(exact(value))
  if (compareDecimals(exactDecimalOf(number), { coefficient, exponent }) === 0)
    return numberKey(number)
  return `exactly ${coefficient}e${exponent}`
}

/**
 * Adds two numbers in the wider of their types; an int that overflows becomes a long, a long a
 * double.
 */
export function add(left: unknown, right: unknown): unknown {
  return combine(left, right, {
    integers: (a, b) => a + b,
    doubles: (a, b) => a + b,
    decimals: addDecimals,
  })
}

/** Subtracts in the wider of both types. */
export function subtract(left: unknown, right: unknown): unknown {
  return combine(left, right, {
    integers: (a, b) => a - b,
    doubles: (a, b) => a - b,
    decimals: (a, b) => addDecimals(a, { coefficient: -b.coefficient, exponent: b.exponent }),
  })
}

/** Multiplies in the wider of both types. */
export function multiply(left: unknown, right: unknown): unknown {
  return combine(left, right, {
    integers: (a, b) => a * b,
    doubles: (a, b) => a * b,
    decimals: multiplyDecimals,
  })
}

/** Divides: a double, or a decimal when either side is one. The divisor is not zero. */
export function divide(left: unknown, right: unknown): unknown {
  const a = toNumber(left) ?? NaN
  const b = toNumber(right) ?? NaN
  if (widest(left, right) !== 'decimal' || !Number.isFinite(a) || !Number.isFinite(b))
    return double(a / b)
  return toDecimal128(divideDecimals(forArithmetic(left), forArithmetic(right)))
}

/** The remainder with the sign of the dividend. The divisor is not zero. */
export function remainder(left: unknown, right: unknown): unknown {
  return combine(left, right, {
    integers: (a, b) => a % b,
    doubles: (a, b) => a % b,
    decimals: decimalRemainder,
  })
}

/** An exact integer as int when it fits, else as long, else as a double. */
export function fromInteger(value: bigint, atLeast: NumberKind = 'int'): unknown {
  if (atLeast === 'int' && value >= -2147483648n && value <= 2147483647n) return Number(value)
  return BigInt.asIntN(64, value) === value ? Long.fromBigInt(value) : double(Number(value))
}

/** The wider of the types of two numbers. */
export function widest(left: unknown, right: unknown): NumberKind {
  const a = kinds.indexOf(numberKind(left) ?? 'int')
  const b = kinds.indexOf(numberKind(right) ?? 'int')
  return kinds[Math.max(a, b)] ?? 'int'
}

interface Operation {
  integers(left: bigint, right: bigint): bigint
  doubles(left: number, right: number): number
  decimals(left: ExactDecimal, right: ExactDecimal): ExactDecimal
}

function combine(left: unknown, right: unknown, operation: Operation): unknown {
  const kind = widest(left, right)
  const a = toNumber(left) ?? NaN
  const b = toNumber(right) ?? NaN
  if (kind === 'double') return double(operation.doubles(a, b))
  if (kind !== 'decimal')
    return fromInteger(operation.integers(toBigInt(left), toBigInt(right)), kind)
  if (Number.isFinite(a) && Number.isFinite(b))
    return toDecimal128(operation.decimals(forArithmetic(left), forArithmetic(right)))
  return Decimal128.fromString(String(operation.doubles(a, b)))
}

function decimalRemainder(left: ExactDecimal, right: ExactDecimal): ExactDecimal {
  const exponent = Math.min(left.exponent, right.exponent)
  const a = left.coefficient * 10n ** BigInt(left.exponent - exponent)
  const b = right.coefficient * 10n ** BigInt(right.exponent - exponent)
  return { coefficient: a % b, exponent }
}

function compareDoubles(left: number, right: number): number {
  if (left < right) return -1
  if (left > right) return 1
  return Number(Number.isNaN(right)) - Number(Number.isNaN(left))
}

function toBigInt(value: unknown): bigint {
  return typeof value === 'number' ? BigInt(value) : (value as Long).toBigInt()
}

function exact(value: unknown): ExactDecimal {
  const kind = numberKind(value)
  if (kind === 'long') return { coefficient: (value as Long).toBigInt(), exponent: 0 }
  if (kind === 'decimal')
    return parseDecimal((value as Decimal128).toString()) ?? { coefficient: 0n, exponent: 0 }
  return exactDecimalOf(toNumber(value) ?? 0)
}

/** A double takes part in decimal arithmetic with its first fifteen digits, as in mongod. */
function forArithmetic(value: unknown): ExactDecimal {
  if (numberKind(value) !== 'double') return exact(value)
  return parseDecimal((toNumber(value) ?? 0).toPrecision(15)) ?? { coefficient: 0n, exponent: 0 }
}
