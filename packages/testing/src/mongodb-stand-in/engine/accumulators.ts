import type { Options } from 'mingo/types'
import { ServerError } from '../server-error.ts'
import { compareValues, distinctValues } from '../values/compare.ts'
import { type Document, double, isDocument, setField } from '../values/document.ts'
import { divide, numberKind, toNumber } from '../values/number.ts'
import { evaluateList, isNil, nullable } from './arguments.ts'
import { bySpecification } from './sort.ts'
import { sumOf } from './sum.ts'
import { evaluateFor, type Accumulator, type Expression } from './options.ts'

type Fold = (values: unknown[]) => unknown

const folds: Record<string, Fold> = {
  $sum: sumOf,
  $avg: average,
  $min: (values) => extreme(values, -1),
  $max: (values) => extreme(values, 1),
  $stdDevPop: (values) => deviation(values, 0),
  $stdDevSamp: (values) => deviation(values, 1),
}

/** The operators of $group, $bucket and windows. */
export const accumulators: Record<string, Accumulator> = {
  ...Object.fromEntries(Object.entries(folds).map(([name, fold]) => [name, folding(fold)])),
  $count: (documents) => documents.length,
  $first: (documents, argument, options) =>
    documents.length === 0 ? null : orNull(evaluateFor(documents[0], argument, options)),
  $last: (documents, argument, options) =>
    documents.length === 0 ? null : orNull(evaluateFor(documents.at(-1), argument, options)),
  $push: folding((values) => values.filter((value) => value !== undefined)),
  $addToSet: folding((values) => distinctValues(values.filter((value) => value !== undefined))),
  $mergeObjects: folding(mergeObjects),
  $firstN: (documents, argument, options) =>
    takeN(documents, argument, { options, name: '$firstN', last: false }),
  $lastN: (documents, argument, options) =>
    takeN(documents, argument, { options, name: '$lastN', last: true }),
  $minN: (documents, argument, options) =>
    extremesOf(documents, argument, { options, direction: 1 }),
  $maxN: (documents, argument, options) =>
    extremesOf(documents, argument, { options, direction: -1 }),
  $top: (documents, argument, options) => topOf(documents, argument, options)[0],
  $topN: (documents, argument, options) =>
    topOf(documents, argument, options).slice(0, countOf(argument, options)),
  $bottom: (documents, argument, options) => topOf(documents, argument, options).at(-1),
  $bottomN: (documents, argument, options) =>
    topOf(documents, argument, options).slice(-countOf(argument, options)),
  $percentile: (documents, argument, options) => {
    const { input, p } = named(argument, ['input', 'p', 'method'])
    const ranks = evaluateFor({}, p, options)
    if (!Array.isArray(ranks) || ranks.length === 0)
      throw new ServerError(7750300, 'The $percentile p field must be an array')
    return percentiles(valuesOf(documents, input, options), ranks)
  },
  $median: (documents, argument, options) =>
    percentiles(
      valuesOf(documents, named(argument, ['input', 'method'])['input'], options),
      [0.5],
    )[0],
}

/** Accumulators that are also expressions, over their arguments or over one array. */
export const foldingOperators: Record<string, Expression> = {
  ...Object.fromEntries(Object.entries(folds).map(([name, fold]) => [name, overArguments(fold)])),
  $first: nullable('$first', (value) => arrayOf(value, '$first')[0]),
  $last: nullable('$last', (value) => arrayOf(value, '$last').at(-1)),
  $mergeObjects: overArguments(mergeObjects),
}

/**
 * Values at given fractions of the sorted numbers: for each p the smallest value that at least that
 * share does not exceed.
 */
export function percentiles(values: unknown[], ranks: unknown[]): unknown[] {
  const numbers = values
    .filter((value) => numberKind(value) !== undefined)
    .map((value) => toNumber(value) ?? NaN)
  numbers.sort((left, right) => left - right)
  return ranks.map((rank) => {
    const p = toNumber(rank)
    if (p === undefined || p < 0 || p > 1)
      throw new ServerError(7750303, 'p must be numbers from the range [0.0, 1.0]')
    const value = numbers[Math.max(0, Math.ceil(p * numbers.length) - 1)]
    return value === undefined ? null : double(value)
  })
}

function valuesOf(documents: unknown[], argument: unknown, options: Options): unknown[] {
  return documents.map((document) => evaluateFor(document, argument, options))
}

function folding(fold: Fold): Accumulator {
  return (documents, argument, options) => fold(valuesOf(documents, argument, options))
}

function overArguments(fold: Fold): Expression {
  return (document, argument, options) => {
    const values = evaluateList(document, argument, options)
    return fold(values.length === 1 && Array.isArray(values[0]) ? values[0] : values)
  }
}

function average(values: unknown[]): unknown {
  const numbers = values.filter((value) => numberKind(value) !== undefined)
  return numbers.length === 0 ? null : divide(sumOf(numbers), numbers.length)
}

function extreme(values: unknown[], direction: 1 | -1): unknown {
  let best: unknown = null
  for (const value of values) {
    if (!isNil(value) && (best === null || compareValues(value, best) * direction > 0)) best = value
  }
  return best
}

function deviation(values: unknown[], degrees: 0 | 1): unknown {
  const numbers = values.map(toNumber).filter((value) => value !== undefined)
  if (numbers.length <= degrees) return null
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return double(Math.sqrt(squares / (numbers.length - degrees)))
}

function orNull(value: unknown): unknown {
  return value === undefined ? null : value
}

function named(argument: unknown, allowed: string[]): Record<string, unknown> {
  if (!isDocument(argument))
    throw new ServerError(9, 'the accumulator requires an object as its argument')
  const unknown = Object.keys(argument).find((key) => !allowed.includes(key))
  if (unknown !== undefined)
    throw new ServerError(40415, `BSON field '${unknown}' is an unknown field.`)
  return argument
}

function arrayOf(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value
  throw new ServerError(28689, `${name}'s argument must be an array`)
}

function countOf(argument: unknown, options: Options): number {
  const n = toNumber(
    evaluateFor({}, named(argument, ['n', 'input', 'output', 'sortBy'])['n'], options),
  )
  if (n === undefined || !Number.isInteger(n) || n < 1)
    throw new ServerError(5787902, `'n' must be greater than 0`)
  return n
}

function takeN(
  documents: unknown[],
  argument: unknown,
  how: { options: Options; name: string; last: boolean },
): unknown[] {
  const { input } = named(argument, ['n', 'input'])
  const n = countOf(argument, how.options)
  return valuesOf(how.last ? documents.slice(-n) : documents.slice(0, n), input, how.options).map(
    orNull,
  )
}

function extremesOf(
  documents: unknown[],
  argument: unknown,
  how: { options: Options; direction: 1 | -1 },
): unknown[] {
  const { input } = named(argument, ['n', 'input'])
  const values = valuesOf(documents, input, how.options).filter((value) => !isNil(value))
  values.sort((left, right) => compareValues(left, right) * how.direction)
  return values.slice(0, countOf(argument, how.options))
}

function mergeObjects(values: unknown[]): unknown {
  const merged: Document = {}
  for (const value of values.filter((candidate) => !isNil(candidate))) {
    if (!isDocument(value)) throw new ServerError(40400, '$mergeObjects requires object inputs')
    for (const [key, field] of Object.entries(value)) setField(merged, key, field)
  }
  return merged
}

function topOf(documents: unknown[], argument: unknown, options: Options): unknown[] {
  const { output, sortBy } = named(argument, ['n', 'output', 'sortBy'])
  return valuesOf([...documents].sort(bySpecification(sortBy)), output, options).map(orNull)
}
