import { Decimal128 } from 'bson'

/** An exact decimal: coefficient × 10^exponent. */
export interface ExactDecimal {
  coefficient: bigint
  exponent: number
}

/** Reads the text of a decimal; undefined for infinities and NaN. */
export function parseDecimal(text: string): ExactDecimal | undefined {
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (parts === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts
  if (whole === '' && fraction === '') return undefined
  const digits = BigInt(whole + fraction)
  return {
    coefficient: sign === '-' ? -digits : digits,
    exponent: Number(exponent) - fraction.length,
  }
}

/** The exact value of a finite double: every double is a decimal with finitely many digits. */
export function exactDecimalOf(value: number): ExactDecimal {
  if (Number.isInteger(value)) return { coefficient: BigInt(value), exponent: 0 }
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  const high = bits.getUint32(0)
  const rawExponent = (high >>> 20) & 0x7ff
  const fraction = (BigInt(high & 0xfffff) << 32n) | BigInt(bits.getUint32(4))
  const mantissa = rawExponent === 0 ? fraction : fraction | (1n << 52n)
  const shift = 1075 - (rawExponent === 0 ? 1 : rawExponent)
  const coefficient = mantissa * 5n ** BigInt(shift)
  return { coefficient: value < 0 ? -coefficient : coefficient, exponent: -shift }
}

/** Orders two exact decimals: negative, zero or positive. */
export function compareDecimals(left: ExactDecimal, right: ExactDecimal): number {
  const signs = sign(left.coefficient) - sign(right.coefficient)
  if (signs !== 0) return signs
  const magnitudes = magnitude(left) - magnitude(right)
  if (left.coefficient !== 0n && magnitudes !== 0) return magnitudes * sign(left.coefficient)
  const [a, b] = aligned(left, right)
  return a < b ? -1 : a > b ? 1 : 0
}

/** The sum of two exact decimals. */
export function addDecimals(left: ExactDecimal, right: ExactDecimal): ExactDecimal {
  const [a, b, exponent] = aligned(left, right)
  return { coefficient: a + b, exponent }
}

/** The product of two exact decimals. */
export function multiplyDecimals(left: ExactDecimal, right: ExactDecimal): ExactDecimal {
  return {
    coefficient: left.coefficient * right.coefficient,
    exponent: left.exponent + right.exponent,
  }
}

/** The quotient to more digits than a Decimal128 keeps; the divisor is not zero. */
export function divideDecimals(left: ExactDecimal, right: ExactDecimal): ExactDecimal {
  const extra = Math.max(0, 40 - digitsOf(left.coefficient) + digitsOf(right.coefficient))
  const quotient = (left.coefficient * 10n ** BigInt(extra)) / right.coefficient
  const result = { coefficient: quotient, exponent: left.exponent - right.exponent - extra }
  const exact = quotient * right.coefficient === left.coefficient * 10n ** BigInt(extra)
  return exact ? trimZeros(result, left.exponent - right.exponent) : result
}

/** A decimal without trailing zeros, so that equal values look equal. */
export function normalizeDecimal(value: ExactDecimal): ExactDecimal {
  return value.coefficient === 0n ? { coefficient: 0n, exponent: 0 } : trimZeros(value, Infinity)
}

/** The value as a Decimal128, rounded to its 34 digits. */
export function toDecimal128(value: ExactDecimal): Decimal128 {
  return Decimal128.fromStringWithRounding(`${value.coefficient}E${value.exponent}`)
}

function trimZeros(value: ExactDecimal, upTo: number): ExactDecimal {
  let { coefficient, exponent } = value
  while (coefficient % 10n === 0n && coefficient !== 0n && exponent < upTo) {
    coefficient /= 10n
    exponent += 1
  }
  return { coefficient, exponent }
}

function aligned(left: ExactDecimal, right: ExactDecimal): [bigint, bigint, number] {
  const exponent = Math.min(left.exponent, right.exponent)
  return [scaled(left, exponent), scaled(right, exponent), exponent]
}

function scaled(value: ExactDecimal, exponent: number): bigint {
  return value.coefficient === 0n
    ? 0n
    : value.coefficient * 10n ** BigInt(value.exponent - exponent)
}

function magnitude(value: ExactDecimal): number {
  return digitsOf(value.coefficient) + value.exponent
}

function digitsOf(coefficient: bigint): number {
  return (coefficient < 0n ? -coefficient : coefficient).toString().length
}

function sign(coefficient: bigint): number {
  return coefficient < 0n ? -1 : coefficient > 0n ? 1 : 0
}
