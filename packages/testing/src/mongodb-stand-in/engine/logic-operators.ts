import { evalExpr } from 'mingo/core'
import { ServerError } from '../server-error.ts'
import { compareValues, distinctValues, equalValues, valueKey } from '../values/compare.ts'
import { isDocument } from '../values/document.ts'
import { evaluateList, isNil, operatorOf } from './arguments.ts'
import { isTrue } from './filter-operators.ts'
import type { Expression } from './options.ts'

/** Comparison, boolean, conditional and set operators over BSON values. */
export const logicOperators: Record<string, Expression> = {
  $cmp: operatorOf('$cmp', 2, compareValues),
  $eq: operatorOf('$eq', 2, equalValues),
  $ne: operatorOf('$ne', 2, (left, right) => !equalValues(left, right)),
  $gt: operatorOf('$gt', 2, (left, right) => compareValues(left, right) > 0),
  $gte: operatorOf('$gte', 2, (left, right) => compareValues(left, right) >= 0),
  $lt: operatorOf('$lt', 2, (left, right) => compareValues(left, right) < 0),
  $lte: operatorOf('$lte', 2, (left, right) => compareValues(left, right) <= 0),
  $and: (document, argument, options) =>
    listOf(argument).every((part) => isTrue(evalExpr(document, part, options))),
  $or: (document, argument, options) =>
    listOf(argument).some((part) => isTrue(evalExpr(document, part, options))),
  $not: operatorOf('$not', 1, (value) => !isTrue(value)),
  $cond: (document, argument, options) => {
    const [condition, yes, no] = branches(argument)
    return evalExpr(document, isTrue(evalExpr(document, condition, options)) ? yes : no, options)
  },
  $switch: (document, argument, options) => {
    const { branches: cases, default: otherwise } = argument as {
      branches: { case: unknown; then: unknown }[]
      default?: unknown
    }
    const chosen = cases.find((branch) => isTrue(evalExpr(document, branch.case, options)))
    if (chosen !== undefined) return evalExpr(document, chosen.then, options)
    if (!Object.hasOwn(argument as object, 'default'))
      throw new ServerError(40066, '$switch could not find a matching branch')
    return evalExpr(document, otherwise, options)
  },
  $ifNull: (document, argument, options) => {
    const values = evaluateList(document, argument, options)
    if (values.length < 2)
      throw new ServerError(1257300, `$ifNull needs at least two arguments, had: ${values.length}`)
    return values.find((value) => !isNil(value)) ?? values.at(-1)
  },
  $in: operatorOf('$in', 2, (value, array) =>
    arrayOf(array, '$in').some((member) => equalValues(member, value)),
  ),
  $setUnion: (document, argument, options) =>
    onSets(evaluateList(document, argument, options), '$setUnion', (sets) => sets.flat()),
  $setIntersection: (document, argument, options) =>
    onSets(
      evaluateList(document, argument, options),
      '$setIntersection',
      ([first = [], ...others]) => {
        const keys = others.map((set) => new Set(set.map(valueKey)))
        return first.filter((value) => keys.every((set) => set.has(valueKey(value))))
      },
    ),
  $setDifference: operatorOf('$setDifference', 2, (left, right) =>
    onSets([left, right], '$setDifference', ([first = [], second = []]) => {
      const keys = new Set(second.map(valueKey))
      return first.filter((value) => !keys.has(valueKey(value)))
    }),
  ),
  $setIsSubset: operatorOf('$setIsSubset', 2, (left, right) => {
    const keys = new Set(arrayOf(right, '$setIsSubset').map(valueKey))
    return arrayOf(left, '$setIsSubset').every((value) => keys.has(valueKey(value)))
  }),
  $setEquals: (document, argument, options) => {
    const sets = evaluateList(document, argument, options).map(
      (set) => new Set(arrayOf(set, '$setEquals').map(valueKey)),
    )
    return sets.every(
      (set) => set.size === sets[0]?.size && [...set].every((key) => sets[0]?.has(key)),
    )
  },
}

function listOf(argument: unknown): unknown[] {
  return Array.isArray(argument) ? argument : [argument]
}

function branches(argument: unknown): unknown[] {
  if (isDocument(argument) && Object.keys(argument).length === 3)
    return [argument['if'], argument['then'], argument['else']]
  if (Array.isArray(argument) && argument.length === 3) return argument
  throw new ServerError(16020, 'Expression $cond takes exactly 3 arguments')
}

function arrayOf(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value
  throw new ServerError(40081, `${name} requires an array as an argument`)
}

function onSets(
  values: unknown[],
  name: string,
  apply: (sets: unknown[][]) => unknown[],
): unknown[] | null {
  if (values.some(isNil)) return null
  return distinctValues(apply(values.map((value) => arrayOf(value, name))))
}
