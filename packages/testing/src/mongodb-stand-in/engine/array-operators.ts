import { evalExpr } from 'mingo/core'
import * as mingo from 'mingo/operators/expression'
import type { Options } from 'mingo/types'
import { ServerError } from '../server-error.ts'
import { compareValues, compareStrings, equalValues } from '../values/compare.ts'
import { fieldOf, isDocument } from '../values/document.ts'
import { toNumber } from '../values/number.ts'
import { isNil, operatorOf } from './arguments.ts'
import { isTrue } from './filter-operators.ts'
import type { Expression } from './options.ts'
import { sortDocuments } from './sort.ts'

/**
 * Array, object and string operators. Those that compare values, count or test conditions are our own; the others are mingo's,
 * which are right for the values they take.
 */
export const arrayOperators: Record<string, Expression> = {
  ...fromMingo([
    '$arrayElemAt', '$arrayToObject', '$concat', '$concatArrays', '$indexOfCP', '$isArray', '$let', '$literal', '$ltrim', '$map',
    '$objectToArray', '$range', '$reduce', '$regexFind', '$regexFindAll', '$regexMatch', '$replaceAll', '$replaceOne', '$reverseArray',
    '$rtrim', '$slice', '$split', '$strLenBytes', '$strLenCP', '$substr', '$substrBytes', '$substrCP', '$toLower', '$toUpper', '$trim', '$zip',
  ]),
  $size: operatorOf('$size', 1, (value) => {
    if (!Array.isArray(value)) throw new ServerError(17124, 'The argument to $size must be an array')
    return value.length
  }),
  $indexOfArray: (document, argument, options) => {
    const [array, sought, from, to] = (argument as unknown[]).map((part) => evalExpr(document, part, options))
    if (isNil(array)) return null
    if (!Array.isArray(array)) throw new ServerError(40090, '$indexOfArray requires an array as a first argument')
    const start = toNumber(from) ?? 0
    const end = Math.min(toNumber(to) ?? array.length, array.length)
    return array.findIndex((value, index) => index >= start && index < end && equalValues(value, sought))
  },
  $strcasecmp: operatorOf('$strcasecmp', 2, (left, right) =>
    compareStrings(isNil(left) ? '' : String(left).toUpperCase(), isNil(right) ? '' : String(right).toUpperCase()),
  ),
  $filter: (document, argument, options) => filtered(document, argument as Record<string, unknown>, options),
  $sortArray: (document, argument, options) => {
    const { input, sortBy } = argument as Record<string, unknown>
    const array = evalExpr(document, input, options)
    if (isNil(array)) return null
    if (!Array.isArray(array)) throw new ServerError(2942504, 'The input argument to $sortArray must be an array')
    if (isDocument(sortBy)) return sortDocuments(array, sortBy)
    const direction = toNumber(sortBy) ?? 1
    return [...(array as unknown[])].sort((left, right) => compareValues(left, right) * direction)
  },
  $getField: (document, argument, options) => {
    const named = isDocument(argument) && 'field' in argument ? argument : { field: argument, input: '$$CURRENT' }
    const input = 'input' in named ? evalExpr(document, named['input'], options) : document
    return isDocument(input) ? fieldOf(input, String(evalExpr(document, named['field'], options))) : undefined
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

function filtered(document: unknown, argument: Record<string, unknown>, options: Options): unknown[] | null {
  const array = evalExpr(document, argument['input'], options)
  if (isNil(array)) return null
  if (!Array.isArray(array)) throw new ServerError(28651, 'input to $filter must be an array')
  const name = String(argument['as'] ?? 'this')
  const limit = 'limit' in argument ? (toNumber(evalExpr(document, argument['limit'], options)) ?? Infinity) : Infinity
  const kept: unknown[] = []
  for (const element of array as unknown[]) {
    if (kept.length >= limit) break
    const condition = { $let: { vars: { [name]: { $literal: element } }, in: argument['cond'] } }
    if (isTrue(evalExpr(document, condition, options))) kept.push(element)
  }
  return kept
}
