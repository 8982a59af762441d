import { Query } from 'mingo/query'
import type { Options } from 'mingo/types'
import { ServerError } from '../server-error.ts'
import { bsonType, isDocument } from '../values/document.ts'
import { compareValues, equalValues, typeRank } from '../values/compare.ts'
import { numberKind, toNumber } from '../values/number.ts'
import { valuesAt } from '../values/path.ts'
import { knownTypeName, typeName } from './type-names.ts'
import type { FilterOperator } from './options.ts'

type Test = (value: unknown) => boolean

/**
 * The filter operators with MongoDB's comparison: numbers compare by value across types, other
 * types only with themselves, and an array as a whole and by each element. They replace mingo's
 * operators, which know only JavaScript's types.
 */
export const filterOperators: Record<string, FilterOperator> = {
  $eq: (path, argument) => some(path, equalTo(argument)),
  $ne: (path, argument) => none(path, equalTo(argument)),
  $gt: (path, argument) =>
    some(
      path,
      ordered(argument, (order) => order > 0),
    ),
  $gte: (path, argument) =>
    some(
      path,
      ordered(argument, (order) => order >= 0),
    ),
  $lt: (path, argument) =>
    some(
      path,
      ordered(argument, (order) => order < 0),
    ),
  $lte: (path, argument) =>
    some(
      path,
      ordered(argument, (order) => order <= 0),
    ),
  $in: (path, argument) => some(path, memberOf(argument, '$in')),
  $nin: (path, argument) => none(path, memberOf(argument, '$nin')),
  $exists: (path, argument) => {
    const wanted = isTrue(argument)
    return (document) => valuesAt(document, path).some((value) => value !== undefined) === wanted
  },
  $type: (path, argument) => some(path, ofType(argument)),
  $size: (path, argument) => whole(path, ofSize(argument)),
  $mod: (path, argument) => some(path, remainderIs(argument)),
  $regex: (path, argument) => some(path, matching(argument)),
  $all: (path, argument, options) => {
    const tests = allTests(path, argument, options)
    return (document) => tests.length > 0 && tests.every((test) => test(document))
  },
  $elemMatch: (path, argument, options) => whole(path, anyElement(argument, options)),
}

/**
 * Whether a value counts as true: everything but false, null, missing and a zero of any numeric
 * type.
 */
export function isTrue(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false
  return toNumber(value) !== 0
}

function some(path: string, test: Test): Test {
  return (document) =>
    valuesAt(document, path).some(
      (value) => test(value) || (Array.isArray(value) && value.some(test)),
    )
}

function none(path: string, test: Test): Test {
  const any = some(path, test)
  return (document) => !any(document)
}

function whole(path: string, test: Test): Test {
  return (document) => valuesAt(document, path).some(test)
}

function equalTo(argument: unknown): Test {
  if (argument === null || argument === undefined)
    return (value) => value === null || value === undefined
  return (value) => value !== undefined && equalValues(value, argument)
}

function ordered(argument: unknown, accept: (order: number) => boolean): Test {
  if (argument instanceof RegExp)
    throw new ServerError(2, `Can't have RegEx as arg to predicate over field`)
  const rank = typeRank(argument)
  const isExtreme = rank === 0 || rank === 99
  if (rank === 2) return (value) => (value === null || value === undefined) && accept(0)
  return (value) => {
    if (value === undefined || (typeRank(value) !== rank && !isExtreme)) return false
    if (isNaNValue(value) !== isNaNValue(argument)) return false
    return accept(compareValues(value, argument))
  }
}

function isNaNValue(value: unknown): boolean {
  return numberKind(value) !== undefined && Number.isNaN(toNumber(value))
}

function memberOf(argument: unknown, operator: string): Test {
  if (!Array.isArray(argument)) throw new ServerError(2, `${operator} needs an array`)
  const tests = argument.map((member: unknown) => {
    if (isDocument(member) && Object.keys(member)[0]?.startsWith('$'))
      throw new ServerError(2, `cannot nest $ under ${operator}`)
    return member instanceof RegExp ? matching(member) : equalTo(member)
  })
  return (value) => tests.some((test) => test(value))
}

function ofType(argument: unknown): Test {
  const names = (Array.isArray(argument) ? argument : [argument]).map((wanted: unknown) => {
    const name = knownTypeName(wanted)
    if (name === undefined) throw new ServerError(2, `Unknown type name alias: ${String(wanted)}`)
    return name
  })
  return (value) =>
    names.some((name) =>
      name === 'number' ? numberKind(value) !== undefined : typeName(value) === name,
    )
}

function ofSize(argument: unknown): Test {
  const size = toNumber(argument)
  if (size === undefined || !Number.isInteger(size) || size < 0)
    throw new ServerError(2, `$size must be a non-negative integer`)
  return (value) => Array.isArray(value) && value.length === size
}

function remainderIs(argument: unknown): Test {
  if (!Array.isArray(argument) || argument.length !== 2)
    throw new ServerError(2, 'malformed mod, needs two elements')
  const [divisor, remainder] = argument.map((part: unknown) => Math.trunc(toNumber(part) ?? NaN))
  if (divisor === undefined || remainder === undefined || !divisor)
    throw new ServerError(2, 'divisor cannot be 0')
  return (value) => {
    const number = toNumber(value)
    return (
      number !== undefined && Number.isFinite(number) && Math.trunc(number) % divisor === remainder
    )
  }
}

function matching(argument: unknown): Test {
  if (bsonType(argument) === 'BSONRegExp') {
    throw new ServerError(2, `Regular expression is invalid or its options are unsupported`)
  }
  if (!(argument instanceof RegExp)) throw new ServerError(2, '$regex has to be a string')
  return (value) => {
    if (value instanceof RegExp) return equalValues(value, argument)
    return typeof value === 'string' && argument.test(value)
  }
}

function allTests(path: string, argument: unknown, options: Options): Test[] {
  if (!Array.isArray(argument)) throw new ServerError(2, '$all needs an array')
  return argument.map((member: unknown) => {
    if (isDocument(member) && '$elemMatch' in member)
      return whole(path, anyElement(member['$elemMatch'], options))
    return some(path, member instanceof RegExp ? matching(member) : equalTo(member))
  })
}

function anyElement(argument: unknown, options: Options): Test {
  if (!isDocument(argument)) throw new ServerError(2, '$elemMatch needs an Object')
  const keys = Object.keys(argument)
  const onValue =
    keys.length > 0 &&
    keys.every((key) => key.startsWith('$') && !['$and', '$or', '$nor', '$expr'].includes(key))
  const query = new Query(onValue ? { value: argument } : argument, options)
  const accepts: Test = (element) =>
    onValue ? query.test({ value: element }) : isDocument(element) && query.test(element)
  return (value) => Array.isArray(value) && value.some(accepts)
}
