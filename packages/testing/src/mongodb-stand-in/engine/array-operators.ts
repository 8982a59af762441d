import { evalExpr } from 'mingo/core'
import * as mingo from 'mingo/operators/expression'
import type { Options } from 'mingo/types'
import { ServerError } from '../server-error.ts'
import { compareValues, compareStrings, equalValues } from '../values/compare.ts'
import { fieldOf, isDocument } from '../values/document.ts'
import { numberKind, toNumber } from '../values/number.ts'
import { evaluateList, isNil, operatorOf } from './arguments.ts'
import { isTrue } from './filter-operators.ts'
import type { Expression } from './options.ts'
import { sortDocuments } from './sort.ts'
import { typeName } from './type-names.ts'

/**
 * Array, object and string operators. Those that compare values, count or test conditions are our
 * own; the others are mingo's, which are right for the values they take.
 */
export const arrayOperators: Record<string, Expression> = {
  ...fromMingo([
    '$arrayElemAt',
    '$concat',
    '$concatArrays',
    '$isArray',
    '$let',
    '$literal',
    '$ltrim',
    '$map',
    '$range',
    '$reduce',
    '$regexFind',
    '$regexFindAll',
    '$regexMatch',
    '$replaceAll',
    '$replaceOne',
    '$rtrim',
    '$slice',
    '$split',
    '$substr',
    '$substrBytes',
    '$substrCP',
    '$trim',
    '$zip',
  ]),
  ...unary(
    fromMingo(['$arrayToObject', '$objectToArray', '$reverseArray', '$strLenBytes', '$strLenCP']),
  ),
  $toLower: operatorOf('$toLower', 1, (value) =>
    textOf(value).replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  ),
  $toUpper: operatorOf('$toUpper', 1, (value) =>
    textOf(value).replace(/[a-z]/g, (letter) => letter.toUpperCase()),
  ),
  $indexOfCP: (document, argument, options) => {
    const [text, sought, from = 0] = evaluateList(document, argument, options)
    if (isNil(text)) return null
    if (typeof text !== 'string' || typeof sought !== 'string') {
      throw new ServerError(40093, '$indexOfCP requires strings as its first arguments')
    }
    const skipped = [...text].slice(0, toNumber(from)).join('').length
    const index = text.indexOf(sought, skipped)
    return index < 0 ? -1 : [...text.slice(0, index)].length
  },
  $size: operatorOf('$size', 1, (value) => {
    if (!Array.isArray(value))
      throw new ServerError(17124, 'The argument to $size must be an array')
    return value.length
  }),
  $indexOfArray: (document, argument, options) => {
    const [array, sought, from, to] = (argument as unknown[]).map((part) =>
      evalExpr(document, part, options),
    )
    if (isNil(array)) return null
    if (!Array.isArray(array))
      throw new ServerError(40090, '$indexOfArray requires an array as a first argument')
    const start = toNumber(from) ?? 0
    const end = Math.min(toNumber(to) ?? array.length, array.length)
    return array.findIndex(
      (value, index) => index >= start && index < end && equalValues(value, sought),
    )
  },
  $strcasecmp: operatorOf('$strcasecmp', 2, (left, right) =>
    compareStrings(textOf(left).toUpperCase(), textOf(right).toUpperCase()),
  ),
  $filter: (document, argument, options) =>
    filtered(document, argument as Record<string, unknown>, options),
  $sortArray: (document, argument, options) => {
    const { input, sortBy } = argument as Record<string, unknown>
    const array = evalExpr(document, input, options)
    if (isNil(array)) return null
    if (!Array.isArray(array))
      throw new ServerError(2942504, 'The input argument to $sortArray must be an array')
    if (isDocument(sortBy)) return sortDocuments(array as unknown[], sortBy)
    const direction = toNumber(sortBy) ?? 1
    return [...(array as unknown[])].sort((left, right) => compareValues(left, right) * direction)
  },
  $getField: (document, argument, options) => {
    const named =
      isDocument(argument) && 'field' in argument
        ? argument
        : { field: argument, input: '$$CURRENT' }
    const input = 'input' in named ? evalExpr(document, named['input'], options) : document
    if (input === null) return null
    return isDocument(input)
      ? fieldOf(input, String(evalExpr(document, named['field'], options)))
      : undefined
  },
}

function fromMingo(names: string[]): Record<string, Expression> {
  const operators = mingo as unknown as Record<string, Expression | undefined>
  const found: Record<string, Expression> = {}
  for (const name of names) {
    const operator = operators[name]
    if (operator !== undefined) found[name] = operator
  }
  return found
}

/** An operator of one argument also takes it as a list of one. */
function unary(operators: Record<string, Expression>): Record<string, Expression> {
  const unwrapped = Object.entries(operators).map(([name, operator]): [string, Expression] => [
    name,
    (document, argument, options) => {
      if (Array.isArray(argument) && argument.length !== 1) {
        throw new ServerError(16020, `Expression ${name} takes exactly 1 arguments`)
      }
      return operator(document, Array.isArray(argument) ? argument[0] : argument, options)
    },
  ])
  return Object.fromEntries(unwrapped)
}

function textOf(value: unknown): string {
  if (isNil(value)) return ''
  if (typeof value === 'string') return value
  if (value instanceof Date) return value.toISOString()
  if (numberKind(value) !== undefined) return `${value as number}`
  throw new ServerError(16007, `can't convert from BSON type ${typeName(value)} to String`)
}

function filtered(
  document: unknown,
  argument: Record<string, unknown>,
  options: Options,
): unknown[] | null {
  const array = evalExpr(document, argument['input'], options)
  if (isNil(array)) return null
  if (!Array.isArray(array)) throw new ServerError(28651, 'input to $filter must be an array')
  const { as: name = 'this' } = argument
  if (typeof name !== 'string') throw new ServerError(9, `$filter's 'as' must be a string`)
  const limit =
    'limit' in argument
      ? (toNumber(evalExpr(document, argument['limit'], options)) ?? Infinity)
      : Infinity
  const kept: unknown[] = []
  for (const element of array as unknown[]) {
    if (kept.length >= limit) break
    const condition = { $let: { vars: { [name]: { $literal: element } }, in: argument['cond'] } }
    if (isTrue(evalExpr(document, condition, options))) kept.push(element)
  }
  return kept
}
