import type { Metadata } from './metadata.ts'
import { invalidArgument } from './pinecone-error.ts'
import { isObject } from './request-fields.ts'

const maxListedValues = 10_000

/** Whether a record matches. */
export type MetadataPredicate = (metadata: Metadata) => boolean

type FieldPredicate = (value: Metadata[string] | undefined) => boolean

/**
 * Reads a filter. A condition on an absent field fails, except `$exists: false`. On a list of
 * strings, `$eq` and `$in` match any element, `$ne` and `$nin` match when no element does.
 *
 * @throws PineconeError for an operator that the service does not know, or an operand of a wrong
 *   type.
 */
export function parseFilter(filter: unknown): MetadataPredicate {
  if (!isObject(filter)) throw invalidArgument('filter: expected an object')
  const parts = Object.entries(filter).map(([name, operand]) => parsePart(name, operand))
  return (metadata) => parts.every((part) => part(metadata))
}

function parsePart(name: string, operand: unknown): MetadataPredicate {
  if (name === '$and' || name === '$or') return parseJunction(name, operand)
  if (name.startsWith('$'))
    throw invalidArgument(`${name} is not a valid operator at the top level of a filter`)
  const conditions = isObject(operand)
    ? parseConditions(name, operand)
    : [parseCondition('$eq', operand)]
  return (metadata) => {
    const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined
    return conditions.every((condition) => condition(value))
  }
}

function parseJunction(name: '$and' | '$or', operand: unknown): MetadataPredicate {
  if (!Array.isArray(operand) || operand.length === 0) {
    throw invalidArgument(`the ${name} operator must be followed by a list of filters`)
  }
  const parts = operand.map(parseFilter)
  return name === '$and'
    ? (metadata) => parts.every((part) => part(metadata))
    : (metadata) => parts.some((part) => part(metadata))
}

function parseConditions(
  field: string,
  operand: Readonly<Record<string, unknown>>,
): FieldPredicate[] {
  const entries = Object.entries(operand)
  if (entries.length === 0) throw invalidArgument(`the filter of field '${field}' has no operator`)
  return entries.map(([operator, value]) => parseCondition(operator, value))
}

function parseCondition(operator: string, operand: unknown): FieldPredicate {
  switch (operator) {
    case '$eq':
      return anyElement([scalar(operator, operand)])
    case '$ne':
      return noElement([scalar(operator, operand)])
    case '$in':
      return anyElement(list(operator, operand))
    case '$nin':
      return noElement(list(operator, operand))
    case '$exists':
      return exists(operand)
    default:
      return comparison(operator, operand)
  }
}

function anyElement(wanted: readonly unknown[]): FieldPredicate {
  const set = new Set(wanted)
  return (value) =>
    Array.isArray(value)
      ? value.some((element) => set.has(element))
      : value !== undefined && set.has(value)
}

function noElement(unwanted: readonly unknown[]): FieldPredicate {
  const isAny = anyElement(unwanted)
  return (value) => value !== undefined && !isAny(value)
}

function exists(operand: unknown): FieldPredicate {
  if (typeof operand !== 'boolean')
    throw invalidArgument('the $exists operator must be followed by a boolean')
  return (value) => (value !== undefined) === operand
}

const comparisons: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  $gt: (value, bound) => value > bound,
  $gte: (value, bound) => value >= bound,
  $lt: (value, bound) => value < bound,
  $lte: (value, bound) => value <= bound,
}

function comparison(operator: string, operand: unknown): FieldPredicate {
  const compare = Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined
  if (compare === undefined) throw invalidArgument(`${operator} is not a valid operator`)
  if (typeof operand !== 'number') {
    throw invalidArgument(
      `the ${operator} operator must be followed by a number, got ${JSON.stringify(operand)}`,
    )
  }
  return (value) => typeof value === 'number' && compare(value, operand)
}

function scalar(operator: string, operand: unknown): string | number | boolean {
  if (typeof operand === 'string' || typeof operand === 'number' || typeof operand === 'boolean')
    return operand
  throw invalidArgument(
    `the ${operator} operator must be followed by a string, boolean or number, got ${JSON.stringify(operand)}`,
  )
}

function list(operator: string, operand: unknown): readonly unknown[] {
  const isUniform =
    Array.isArray(operand) &&
    operand.length <= maxListedValues &&
    (operand.every((value) => typeof value === 'string') ||
      operand.every((value) => typeof value === 'number'))
  if (!isUniform)
    throw invalidArgument(
      `the ${operator} operator must be followed by a list of strings or a list of numbers`,
    )
  return operand
}
