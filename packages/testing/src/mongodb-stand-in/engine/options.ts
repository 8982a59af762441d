import { Context, evalExpr } from 'mingo/core'
import type { Options } from 'mingo/types'

/**
 * An operator of an aggregation expression in the shape mingo calls it: the argument is not
 * evaluated yet.
 */
export type Expression = (document: unknown, argument: unknown, options: Options) => unknown

/** An operator that folds many documents into one value: in $group, $bucket and windows. */
export type Accumulator = (documents: unknown[], argument: unknown, options: Options) => unknown

/** An operator of a filter: made once per use, then asked for each document. */
export type FilterOperator = (
  path: string,
  argument: unknown,
  options: Options,
) => (document: unknown) => boolean

/**
 * Options in mingo's internal form. From plain options, mingo would copy every operator for every
 * document.
 */
export interface PreparedOptions extends Options {
  readonly options: Options
  readonly now: Date
  update(locals: { root: unknown }): PreparedOptions
}

interface PreparedOptionsClass {
  new (options: Options): PreparedOptions
  init(options: Options): PreparedOptions
}

/** The options for a set of operators. */
export function prepareOptions(context: Context): PreparedOptions {
  const probe = Context.init({
    expression: {
      $prepared: (_document: unknown, _argument: unknown, prepared: Options) => prepared,
    },
  })
  const prepared = evalExpr({}, { $prepared: null }, {
    context: Context.from(context, probe),
  } as Options)
  return prepared as PreparedOptions
}

/**
 * The same operators with other variables and collections, and with the current time as `$$NOW`.
 */
export function withScope(
  prepared: PreparedOptions,
  scope: Pick<Options, 'collectionResolver' | 'variables'>,
): PreparedOptions {
  const Prepared = prepared.constructor as PreparedOptionsClass
  const scoped = new Prepared({ ...prepared.options, ...scope })
  void scoped.now
  return scoped
}

/** The value of an expression with the document as its root; undefined when it is missing. */
export function evaluateFor(document: unknown, expression: unknown, options: Options): unknown {
  return evalExpr(document, expression, rootedAt(document, options))
}

/**
 * Prepared options with a document as the root that `$field` paths begin at. Without one, as
 * mingo's own stages want them, it is each document in its turn.
 */
export function rootedAt(root: unknown, options: Options): Options {
  return (options.constructor as unknown as PreparedOptionsClass).init(options).update({ root })
}
