import { Decimal128, Long, ObjectId } from 'bson'
import { ServerError } from '../server-error.ts'
import { bsonType, double, isInt32 } from '../values/document.ts'
import { fromInteger, numberKind, toNumber } from '../values/number.ts'
import { nullable, operatorOf } from './arguments.ts'
import { instant } from './date-operators.ts'
import { formatDate } from './date-format.ts'
import { isTrue } from './filter-operators.ts'
import type { Expression } from './options.ts'
import { typeName } from './type-names.ts'

/** Conversions between BSON types; a value that does not convert is an error, as in mongod. */
export const typeOperators: Record<string, Expression> = {
  $type: operatorOf('$type', 1, typeName),
  $isNumber: operatorOf('$isNumber', 1, (value) => numberKind(value) !== undefined),
  $toBool: nullable('$toBool', (value) => isTrue(value)),
  $toInt: nullable('$toInt', (value) => {
    const number = Math.trunc(numeric(value, 'int'))
    if (!isInt32(number) && number !== 0) throw cannot(value, 'int')
    return number + 0
  }),
  $toLong: nullable('$toLong', (value) => {
    if (bsonType(value) === 'Long') return value
    if (typeof value === 'string' && /^-?\d+$/.test(value)) return Long.fromString(value)
    return fromInteger(BigInt(Math.trunc(numeric(value, 'long'))), 'long')
  }),
  $toDouble: nullable('$toDouble', (value) => double(numeric(value, 'double'))),
  $toDecimal: nullable('$toDecimal', (value) => {
    if (bsonType(value) === 'Decimal128') return value
    return Decimal128.fromString(
      typeof value === 'string' ? value : String(numeric(value, 'decimal')),
    )
  }),
  $toString: nullable('$toString', text),
  $toObjectId: nullable('$toObjectId', (value) => {
    if (bsonType(value) === 'ObjectId') return value
    if (typeof value !== 'string' || !ObjectId.isValid(value)) throw cannot(value, 'objectId')
    return ObjectId.createFromHexString(value)
  }),
  $toDate: nullable('$toDate', toDate),
}

function numeric(value: unknown, to: string): number {
  if (typeof value === 'boolean') return Number(value)
  if (value instanceof Date && to !== 'int') return value.getTime()
  const number =
    typeof value === 'string' && value.trim() === value && value !== ''
      ? Number(value)
      : toNumber(value)
  if (number === undefined || (Number.isNaN(number) && typeof value === 'string'))
    throw cannot(value, to)
  if (!Number.isFinite(number) && (to === 'int' || to === 'long')) throw cannot(value, to)
  if (typeof value === 'string' && to === 'int' && !Number.isInteger(number))
    throw cannot(value, to)
  return number
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Date) return formatDate(value.getTime(), undefined, undefined)
  if (
    typeof value === 'boolean' ||
    numberKind(value) !== undefined ||
    bsonType(value) === 'ObjectId'
  )
    return String(value)
  throw cannot(value, 'string')
}

function toDate(value: unknown): Date {
  if (typeof value === 'string') {
    const time = Date.parse(
      /[zZ]|[+-]\d\d:?\d\d$/.test(value) || /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : `${value}Z`,
    )
    if (Number.isNaN(time)) throw cannot(value, 'date')
    return new Date(time)
  }
  const kind = numberKind(value)
  if (kind === 'int') throw cannot(value, 'date')
  return new Date(kind === undefined ? instant(value) : Math.trunc(toNumber(value) ?? NaN))
}

function cannot(value: unknown, to: string): ServerError {
  return new ServerError(
    241,
    `Unsupported conversion from ${typeName(value)} to ${to} in $convert with no onError value`,
  )
}
