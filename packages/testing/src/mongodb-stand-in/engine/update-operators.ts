import { Timestamp } from 'bson'
import { ServerError } from '../server-error.ts'
import { compareValues, equalValues } from '../values/compare.ts'
import { cloneValue, type Document, isDocument } from '../values/document.ts'
import { add, multiply, numberKind, toNumber } from '../values/number.ts'
import { removeAt, setAt, valueAt } from '../values/path.ts'
import { sortDocuments } from './sort.ts'
import type { UpdateTarget } from './update-paths.ts'
import { typeName } from './type-names.ts'

/** Changes one plain path of a document, in place. */
export type UpdateOperator = (
  document: Document,
  path: string,
  argument: unknown,
  target: UpdateTarget,
) => void

/** The update operators. $setOnInsert is $set, used only when a document is being inserted. */
export const updateOperators: Record<string, UpdateOperator> = {
  $set: (document, path, value) => setAt(document, path, cloneValue(value)),
  $setOnInsert: (document, path, value) => setAt(document, path, cloneValue(value)),
  $unset: (document, path) => void removeAt(document, path),
  $inc: (document, path, amount) =>
    arithmetic(document, path, { amount, name: '$inc', apply: add, missing: amount }),
  $mul: (document, path, amount) =>
    arithmetic(document, path, { amount, name: '$mul', apply: multiply, missing: 0 }),
  $min: (document, path, value) =>
    setWhen(document, path, { value, isBetter: (order) => order < 0 }),
  $max: (document, path, value) =>
    setWhen(document, path, { value, isBetter: (order) => order > 0 }),
  $rename: (document, path, to) => {
    if (typeof to !== 'string')
      throw new ServerError(2, `The 'to' field for $rename must be a string`)
    const value = valueAt(document, path)
    if (value === undefined) return
    removeAt(document, path)
    setAt(document, to, value)
  },
  $currentDate: (document, path, argument, { engine }) => {
    const type = isDocument(argument) ? argument['$type'] : argument === true ? 'date' : undefined
    if (type !== 'date' && type !== 'timestamp') {
      throw new ServerError(
        2,
        `$currentDate takes true, { $type: 'date' } or { $type: 'timestamp' }`,
      )
    }
    const now = engine.now()
    setAt(
      document,
      path,
      type === 'date' ? now : new Timestamp({ t: Math.floor(now.getTime() / 1000), i: 1 }),
    )
  },
  $push: (document, path, argument) =>
    setAt(document, path, pushed(arrayAt(document, path, '$push') ?? [], argument)),
  $addToSet: (document, path, argument) => {
    const added =
      isDocument(argument) && '$each' in argument
        ? listOf(argument['$each'], '$addToSet')
        : [argument]
    const result = [...(arrayAt(document, path, '$addToSet') ?? [])]
    for (const value of added)
      if (!result.some((existing) => equalValues(existing, value))) result.push(cloneValue(value))
    setAt(document, path, result)
  },
  $pop: (document, path, argument) => {
    const direction = toNumber(argument)
    if (direction !== 1 && direction !== -1) throw new ServerError(9, '$pop expects 1 or -1')
    const array = arrayAt(document, path, '$pop')
    if (array !== undefined)
      setAt(document, path, direction === 1 ? array.slice(0, -1) : array.slice(1))
  },
  $pull: (document, path, condition, { engine }) => {
    const array = arrayAt(document, path, '$pull')
    if (array === undefined) return
    const matches = pullTest(condition, (filter) => engine.filter(filter))
    setAt(
      document,
      path,
      array.filter((element) => !matches(element)),
    )
  },
  $pullAll: (document, path, argument) => {
    const unwanted = listOf(argument, '$pullAll')
    const array = arrayAt(document, path, '$pullAll')
    if (array !== undefined)
      setAt(
        document,
        path,
        array.filter((element) => !unwanted.some((value) => equalValues(value, element))),
      )
  },
}

interface Arithmetic {
  amount: unknown
  name: string
  apply: (left: unknown, right: unknown) => unknown
  missing: unknown
}

function arithmetic(
  document: Document,
  path: string,
  { amount, name, apply, missing }: Arithmetic,
): void {
  if (numberKind(amount) === undefined) {
    throw new ServerError(
      14,
      `Cannot ${name} with non-numeric argument: {${path}: ${JSON.stringify(amount)}}`,
    )
  }
  const value = valueAt(document, path)
  if (value === undefined) return setAt(document, path, missing)
  if (numberKind(value) === undefined) {
    throw new ServerError(
      14,
      `Cannot apply ${name} to a value of non-numeric type ${typeName(value)}`,
    )
  }
  const result = apply(value, amount)
  const wasInteger = [value, amount].every(
    (part) => numberKind(part) === 'int' || numberKind(part) === 'long',
  )
  if (wasInteger && numberKind(result) === 'double') {
    throw new ServerError(
      2,
      `Failed to apply ${name} operations to current value: integer overflow`,
    )
  }
  setAt(document, path, result)
}

function setWhen(
  document: Document,
  path: string,
  { value, isBetter }: { value: unknown; isBetter: (order: number) => boolean },
): void {
  const current = valueAt(document, path)
  if (current === undefined || isBetter(compareValues(value, current)))
    setAt(document, path, cloneValue(value))
}

function arrayAt(document: Document, path: string, name: string): unknown[] | undefined {
  const value = valueAt(document, path)
  if (value === undefined || Array.isArray(value)) return value
  throw new ServerError(
    2,
    `The field '${path}' must be an array but is of type ${typeName(value)} (${name})`,
  )
}

function listOf(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value
  throw new ServerError(14, `The argument to ${name} must be an array`)
}

function pushed(array: unknown[], argument: unknown): unknown[] {
  if (!isDocument(argument) || !('$each' in argument)) return [...array, cloneValue(argument)]
  const unknown = Object.keys(argument).find(
    (key) => !['$each', '$slice', '$sort', '$position'].includes(key),
  )
  if (unknown !== undefined) throw new ServerError(2, `Unrecognized clause in $push: ${unknown}`)
  const added = listOf(argument['$each'], '$each').map(cloneValue)
  const position = '$position' in argument ? (toNumber(argument['$position']) ?? 0) : array.length
  const result = [...array]
  result.splice(position, 0, ...added)
  return sliced(
    '$sort' in argument ? sorted(result, argument['$sort']) : result,
    argument['$slice'],
  )
}

function sorted(array: unknown[], specification: unknown): unknown[] {
  if (isDocument(specification)) return sortDocuments(array, specification)
  const direction = toNumber(specification)
  if (direction !== 1 && direction !== -1)
    throw new ServerError(2, 'The $sort is invalid: use 1 or -1')
  return [...array].sort((left, right) => compareValues(left, right) * direction)
}

function sliced(array: unknown[], count: unknown): unknown[] {
  if (count === undefined) return array
  const number = toNumber(count)
  if (number === undefined)
    throw new ServerError(2, 'The value for $slice must be an integer value')
  return number < 0 ? array.slice(number) : array.slice(0, number)
}

function pullTest(
  condition: unknown,
  compile: (filter: Document) => (document: unknown) => boolean,
): (element: unknown) => boolean {
  if (!isDocument(condition) && !(condition instanceof RegExp))
    return (element) => equalValues(element, condition)
  const isOperator = (key: string): boolean =>
    key.startsWith('$') && !['$and', '$or', '$nor'].includes(key)
  const onValue = condition instanceof RegExp || Object.keys(condition).some(isOperator)
  const test = compile(onValue ? { value: condition } : condition)
  return (element) => (onValue ? test({ value: element }) : isDocument(element) && test(element))
}
