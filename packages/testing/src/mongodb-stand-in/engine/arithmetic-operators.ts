import { ServerError } from '../server-error.ts'
import { double } from '../values/document.ts'
import {
  add,
  divide,
  fromInteger,
  multiply,
  numberKind,
  remainder,
  subtract,
  toNumber,
} from '../values/number.ts'
import { evaluateList, isNil, nullable, operatorOf, requireNumber } from './arguments.ts'
import type { Expression } from './options.ts'

/** Arithmetic with BSON's four numeric types: the result has the widest type of its arguments. */
export const arithmeticOperators: Record<string, Expression> = {
  $add: (document, argument, options) => addAll(evaluateList(document, argument, options)),
  $subtract: operatorOf('$subtract', 2, subtractValues),
  $multiply: (document, argument, options) =>
    multiplyAll(evaluateList(document, argument, options)),
  $divide: operatorOf('$divide', 2, (left, right) => divideBy(left, right, '$divide', divide)),
  $mod: operatorOf('$mod', 2, (left, right) => divideBy(left, right, '$mod', remainder)),
  $abs: nullable('$abs', (value) =>
    requireNumber(value, '$abs') < 0 ? subtract(0, value) : value,
  ),
  $ceil: nullable('$ceil', (value) => rounded(value, '$ceil', Math.ceil)),
  $floor: nullable('$floor', (value) => rounded(value, '$floor', Math.floor)),
  $round: (document, argument, options) =>
    toPlaces(evaluateList(document, argument, options), '$round', halfEven),
  $trunc: (document, argument, options) =>
    toPlaces(evaluateList(document, argument, options), '$trunc', Math.trunc),
  $sqrt: nullable('$sqrt', (value) => double(Math.sqrt(requireNumber(value, '$sqrt')))),
  $exp: nullable('$exp', (value) => double(Math.exp(requireNumber(value, '$exp')))),
  $ln: nullable('$ln', (value) => double(Math.log(requireNumber(value, '$ln')))),
  $log10: nullable('$log10', (value) => double(Math.log10(requireNumber(value, '$log10')))),
  $log: operatorOf('$log', 2, (value, base) =>
    onNumbers(value, base, '$log', (a, b) => Math.log(a) / Math.log(b)),
  ),
  $pow: operatorOf('$pow', 2, (base, exponent) => power(base, exponent)),
}

function addAll(values: unknown[]): unknown {
  let sum: unknown = 0
  let sawDate = false
  for (const value of values) {
    if (isNil(value)) return null
    if (value instanceof Date && sawDate)
      throw new ServerError(16612, 'only one date allowed in an $add expression')
    if (!(value instanceof Date)) requireNumber(value, '$add')
    sawDate ||= value instanceof Date
    sum = add(sum, value instanceof Date ? value.getTime() : value)
  }
  return sawDate ? new Date(Math.round(toNumber(sum) ?? NaN)) : sum
}

function subtractValues(left: unknown, right: unknown): unknown {
  if (isNil(left) || isNil(right)) return null
  if (!(left instanceof Date)) {
    if (right instanceof Date) throw new ServerError(14, `can't $subtract a date from a number`)
    requireNumber(left, '$subtract')
    requireNumber(right, '$subtract')
    return subtract(left, right)
  }
  if (right instanceof Date) return fromInteger(BigInt(left.getTime() - right.getTime()), 'long')
  return new Date(left.getTime() - Math.round(requireNumber(right, '$subtract')))
}

function multiplyAll(values: unknown[]): unknown {
  if (values.some(isNil)) return null
  values.forEach((value) => requireNumber(value, '$multiply'))
  return values.reduce((product, value) => multiply(product, value), 1)
}

function divideBy(
  left: unknown,
  right: unknown,
  name: string,
  apply: (left: unknown, right: unknown) => unknown,
): unknown {
  if (isNil(left) || isNil(right)) return null
  requireNumber(left, name)
  if (requireNumber(right, name) === 0) throw new ServerError(2, `can't ${name} by zero`)
  return apply(left, right)
}

function rounded(value: unknown, name: string, round: (value: number) => number): unknown {
  const number = requireNumber(value, name)
  const kind = numberKind(value)
  if (kind === 'int' || kind === 'long') return value
  if (kind === 'decimal')
    throw new ServerError(238, `${name} of a decimal is not supported by this stand-in`)
  return double(round(number))
}

function toPlaces(
  [value, places = 0]: unknown[],
  name: string,
  round: (value: number) => number,
): unknown {
  if (isNil(value) || isNil(places)) return null
  const digits = requireNumber(places, name)
  if (!Number.isInteger(digits) || digits < -20 || digits > 100) {
    throw new ServerError(51083, `${name} precision must be between -20 and 100`)
  }
  if (digits >= 0 && ['int', 'long'].includes(numberKind(value) ?? '')) return value
  if (digits === 0) return rounded(value, name, round)
  const number = requireNumber(value, name)
  if (numberKind(value) === 'decimal')
    throw new ServerError(238, `${name} of a decimal is not supported by this stand-in`)
  const result = Number(`${round(Number(`${number}e${digits}`))}e${-digits}`)
  return numberKind(value) === 'double' ? double(result) : fromInteger(BigInt(result))
}

function halfEven(value: number): number {
  const floor = Math.floor(value)
  const rounded = value - floor !== 0.5 ? Math.round(value) : floor % 2 === 0 ? floor : floor + 1
  return rounded === 0 && value < 0 ? -0 : rounded
}

function onNumbers(
  left: unknown,
  right: unknown,
  name: string,
  apply: (left: number, right: number) => number,
): unknown {
  if (isNil(left) || isNil(right)) return null
  return double(apply(requireNumber(left, name), requireNumber(right, name)))
}

function power(base: unknown, exponent: unknown): unknown {
  if (isNil(base) || isNil(exponent)) return null
  const result = requireNumber(base, '$pow') ** requireNumber(exponent, '$pow')
  const exact =
    [base, exponent].every((value) => ['int', 'long'].includes(numberKind(value) ?? '')) &&
    Number.isSafeInteger(result)
  return exact ? fromInteger(BigInt(result)) : double(result)
}
