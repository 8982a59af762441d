import { Context, evalExpr } from 'mingo/core'
import type { Options } from 'mingo/types'

/**
 * An operator of an aggregation expression in the shape mingo calls it: the argument is not evaluated yet.
 */
export type Expression = (document: unknown, argument: unknown, options: Options) => unknown

/**
 * An operator that folds many documents into one value: in $group, $bucket and windows.
 */
export type Accumulator = (documents: unknown[], argument: unknown, options: Options) => unknown

/**
 * An operator of a filter: made once per use, then asked for each document.
 */
export type FilterOperator = (path: string, argument: unknown, options: Options) => (document: unknown) => boolean

interface PreparedOptions extends Options {
  update(locals: { root: unknown }): PreparedOptions
}

/**
 * Options in the form mingo uses inside, made once: from plain options it would copy every operator for every document.
 */
export function prepareOptions(options: Partial<Options> & { context: Context }): Options {
  const probe = Context.init({ expression: { $prepared: (_document: unknown, _argument: unknown, prepared: Options) => prepared } })
  const prepared = evalExpr({}, { $prepared: null }, { ...options, context: Context.from(options.context, probe) } as Options)
  return prepared as Options
}

/**
 * The value of an expression with the document as its root; undefined when it is missing.
 */
export function evaluateFor(document: unknown, expression: unknown, options: Options): unknown {
  return evalExpr(document, expression, rootedAt(document, options))
}

/**
 * Prepared options with a document as the root that `$field` paths begin at. Without one, as mingo's own stages want them, it is
 * each document in its turn.
 */
export function rootedAt(root: unknown, options: Options): Options {
  const { init } = options.constructor as unknown as { init(options: Options): PreparedOptions }
  return init(options).update({ root })
}
