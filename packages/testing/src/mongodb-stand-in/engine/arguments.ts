import { evalExpr } from 'mingo/core'
import type { Options } from 'mingo/types'
import { ServerError } from '../server-error.ts'
import { isDocument } from '../values/document.ts'
import { toNumber } from '../values/number.ts'
import type { Expression } from './options.ts'

/** The argument of an operator as a list of evaluated values; a lone argument is a list of one. */
export function evaluateList(document: unknown, argument: unknown, options: Options): unknown[] {
  const list: unknown[] = Array.isArray(argument) ? argument : [argument]
  return list.map((item) => evalExpr(document, item, options))
}

/** An operator of a fixed number of arguments, which are evaluated before `apply`. */
export function operatorOf(
  name: string,
  count: number,
  apply: (...values: unknown[]) => unknown,
): Expression {
  return (document, argument, options) => {
    const values = evaluateList(document, argument, options)
    if (values.length !== count) throw wrongCount(name, count, values.length)
    return apply(...values)
  }
}

/** An operator of one argument that is null for null and missing, as most of MongoDB's are. */
export function nullable(name: string, apply: (value: unknown) => unknown): Expression {
  return operatorOf(name, 1, (value) => (isNil(value) ? null : apply(value)))
}

/** The named arguments of an operator, evaluated. A name that is not in `allowed` is an error. */
export function evaluateNamed(
  { document, argument, options }: { document: unknown; argument: unknown; options: Options },
  name: string,
  allowed: readonly string[],
): Record<string, unknown> {
  if (!isDocument(argument)) throw new ServerError(9, `${name} requires an object as its argument`)
  const values: Record<string, unknown> = {}
  for (const [key, expression] of Object.entries(argument)) {
    if (!allowed.includes(key)) throw new ServerError(9, `Unrecognized argument to ${name}: ${key}`)
    values[key] = evalExpr(document, expression, options)
  }
  return values
}

/** Whether a value is null or missing. */
export function isNil(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

/** A value as a JavaScript number, or the error that MongoDB reports for anything else. */
export function requireNumber(value: unknown, name: string): number {
  const number = toNumber(value)
  if (number === undefined) throw new ServerError(14, `${name} only supports numeric types`)
  return number
}

function wrongCount(name: string, count: number, got: number): ServerError {
  return new ServerError(
    16020,
    `Expression ${name} takes exactly ${count} arguments. ${got} were passed in.`,
  )
}
