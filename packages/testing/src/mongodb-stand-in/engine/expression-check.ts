import { ServerError, notSupported } from '../server-error.ts'
import { isDocument } from '../values/document.ts'
import { expressionOperators } from './expression-operators.ts'

const argumentNames: Record<string, readonly string[]> = {
  $cond: ['if', 'then', 'else'],
  $switch: ['branches', 'default'],
  $let: ['vars', 'in'],
  $map: ['input', 'as', 'in'],
  $filter: ['input', 'as', 'cond', 'limit'],
  $reduce: ['input', 'initialValue', 'in'],
  $sortArray: ['input', 'sortBy'],
  $zip: ['inputs', 'useLongestLength', 'defaults'],
  $trim: ['input', 'chars'],
  $ltrim: ['input', 'chars'],
  $rtrim: ['input', 'chars'],
  $regexMatch: ['input', 'regex', 'options'],
  $regexFind: ['input', 'regex', 'options'],
  $regexFindAll: ['input', 'regex', 'options'],
  $replaceOne: ['input', 'find', 'replacement'],
  $replaceAll: ['input', 'find', 'replacement'],
  $dateTrunc: ['date', 'unit', 'binSize', 'timezone', 'startOfWeek'],
  $dateToString: ['date', 'format', 'timezone', 'onNull'],
  $dateDiff: ['startDate', 'endDate', 'unit', 'timezone', 'startOfWeek'],
  $dateAdd: ['startDate', 'unit', 'amount', 'timezone'],
  $dateSubtract: ['startDate', 'unit', 'amount', 'timezone'],
}

const requiredNames: Record<string, readonly string[]> = {
  $cond: ['if', 'then', 'else'],
  $switch: ['branches'],
  $let: ['vars', 'in'],
  $map: ['input', 'in'],
  $filter: ['input', 'cond'],
  $reduce: ['input', 'initialValue', 'in'],
  $sortArray: ['input', 'sortBy'],
  $zip: ['inputs'],
  $trim: ['input'],
  $ltrim: ['input'],
  $rtrim: ['input'],
  $regexMatch: ['input', 'regex'],
  $regexFind: ['input', 'regex'],
  $regexFindAll: ['input', 'regex'],
  $replaceOne: ['input', 'find', 'replacement'],
  $replaceAll: ['input', 'find', 'replacement'],
  $dateTrunc: ['date', 'unit'],
  $dateToString: ['date'],
  $dateDiff: ['startDate', 'endDate', 'unit'],
  $dateAdd: ['startDate', 'unit', 'amount'],
  $dateSubtract: ['startDate', 'unit', 'amount'],
}

const systemVariables = new Set([
  'ROOT',
  'CURRENT',
  'REMOVE',
  'NOW',
  'DESCEND',
  'PRUNE',
  'KEEP',
  'this',
  'value',
])

/**
 * Rejects an expression with an operator, an argument name or a variable that the engine does not
 * know, before any document is read: a typo is an error over an empty collection too.
 */
export function checkExpression(expression: unknown, variables: Iterable<string> = []): void {
  check(expression, new Set([...systemVariables, ...variables]))
}

function check(expression: unknown, variables: ReadonlySet<string>): void {
  if (typeof expression === 'string') return checkVariable(expression, variables)
  if (Array.isArray(expression)) return expression.forEach((item) => check(item, variables))
  if (!isDocument(expression)) return
  const [name = ''] = Object.keys(expression)
  if (!name.startsWith('$'))
    return Object.values(expression).forEach((value) => check(value, variables))
  if (Object.keys(expression).length > 1) {
    throw new ServerError(15983, 'An object representing an expression must have exactly one field')
  }
  checkOperator(name, expression[name], variables)
}

function checkOperator(name: string, argument: unknown, variables: ReadonlySet<string>): void {
  if (!Object.hasOwn(expressionOperators, name)) throw unknownOperator(name)
  if (name === '$literal') return
  checkArgumentNames(name, argument)
  check(name === '$let' && isDocument(argument) ? argument['vars'] : undefined, variables)
  check(withoutScope(name, argument), scopeInside(name, argument, variables))
}

function unknownOperator(name: string): ServerError {
  if (
    /^\$(accumulator|function|where|meta|convert|rand|sampleRate|setField|unsetField|binarySize|bsonSize)$/.test(
      name,
    )
  ) {
    return notSupported(name)
  }
  return new ServerError(168, `Unrecognized expression '${name}'`)
}

function checkArgumentNames(name: string, argument: unknown): void {
  const allowed = argumentNames[name]
  if (allowed === undefined || !isDocument(argument)) return
  const unknown = Object.keys(argument).find((key) => !allowed.includes(key))
  if (unknown !== undefined)
    throw new ServerError(9, `Unrecognized argument to ${name}: ${unknown}`)
  const missing = requiredNames[name]?.find((key) => !Object.hasOwn(argument, key))
  if (missing !== undefined) throw new ServerError(9, `Missing '${missing}' parameter to ${name}`)
}

function withoutScope(name: string, argument: unknown): unknown {
  if (!isDocument(argument)) return argument
  if (name === '$let') return argument['in']
  if (name === '$sortArray') return argument['input']
  const { as: _as, ...rest } = argument
  return name === '$map' || name === '$filter' ? rest : argument
}

function scopeInside(
  name: string,
  argument: unknown,
  variables: ReadonlySet<string>,
): ReadonlySet<string> {
  if (!isDocument(argument)) return variables
  if (name === '$let' && isDocument(argument['vars']))
    return new Set([...variables, ...Object.keys(argument['vars'])])
  if ((name === '$map' || name === '$filter') && typeof argument['as'] === 'string') {
    return new Set([...variables, argument['as']])
  }
  return variables
}

function checkVariable(text: string, variables: ReadonlySet<string>): void {
  if (/^\$.*\.\d+(\.|$)/.test(text))
    throw notSupported(`the numeric field path '${text}' in an expression`)
  if (!text.startsWith('$$')) return
  const [name = ''] = text.slice(2).split('.')
  if (!variables.has(name)) throw new ServerError(17276, `Use of undefined variable: ${name}`)
}
