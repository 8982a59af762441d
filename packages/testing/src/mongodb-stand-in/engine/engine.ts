import { type Clock, systemClock } from '@headwater/core'
import { Context } from 'mingo/core'
import { Lazy } from 'mingo/lazy'
import { $and, $nor, $not, $or } from 'mingo/operators/query'
import * as windowOperators from 'mingo/operators/window'
import { Query } from 'mingo/query'
import type { Options } from 'mingo/types'
import { ServerError } from '../server-error.ts'
import { cloneValue, type Document, isDocument } from '../values/document.ts'
import { accumulators } from './accumulators.ts'
import { checkExpression } from './expression-check.ts'
import { expressionOperators } from './expression-operators.ts'
import { filterOperators, isTrue } from './filter-operators.ts'
import { evaluateFor, prepareOptions, rootedAt, withScope, type FilterOperator } from './options.ts'

/**
 * The inputs of a command to the engine: variables of `let`, and the collections that a pipeline
 * may name.
 */
export interface EngineScope {
  clock?: Clock
  variables?: Readonly<Record<string, unknown>>
  collection?(name: string): Document[]
  /** Called repeatedly during long work; throws once the time limit has passed. */
  interrupt?(): void
}

/** A pipeline stage of mingo. */
export type MingoStage = (
  documents: ReturnType<typeof Lazy>,
  argument: unknown,
  options: Options,
) => { collect(): Document[] }

type ContextOperators = NonNullable<Parameters<typeof Context.init>[0]>

/**
 * Evaluates filters, expressions and accumulators: mingo with the operators of this folder, which
 * know BSON's types.
 */
export class Engine {
  readonly #options: Options
  readonly #scope: EngineScope

  constructor(scope: EngineScope = {}) {
    this.#scope = scope
    this.#options = withScope(preparedOptions, {
      collectionResolver: (name) => this.collection(name),
      variables: { ...scope.variables },
    })
  }

  /** The documents of a collection that a stage names. */
  collection(name: string): Document[] {
    return this.#scope.collection?.(name) ?? []
  }

  /** The time of the server. */
  now(): Date {
    return new Date((this.#scope.clock ?? systemClock).now())
  }

  /** Throws once the command has exceeded its time limit. */
  interrupt(): void {
    this.#scope.interrupt?.()
  }

  /** The engine with additional variables, as `let` defines them for a nested pipeline. */
  with(variables: Record<string, unknown>): Engine {
    return new Engine({ ...this.#scope, variables: { ...this.#scope.variables, ...variables } })
  }

  /** Runs a stage of mingo's own on copies, because such stages may change documents in place. */
  runMingoStage(stage: MingoStage, documents: Document[], argument: unknown): Document[] {
    return stage(
      Lazy(documents.map(cloneValue)),
      argument,
      rootedAt(undefined, this.#options),
    ).collect()
  }

  /** Rejects an expression with anything unknown in it. */
  check(expression: unknown): void {
    checkExpression(expression, Object.keys(this.#scope.variables ?? {}))
  }

  /** The value of an expression for a document; undefined when it is missing. */
  evaluate(document: unknown, expression: unknown): unknown {
    return evaluateFor(document, expression, this.#options)
  }

  /** An accumulator's value over documents. An unknown accumulator is an error. */
  accumulate(name: string, documents: unknown[], argument: unknown): unknown {
    const accumulator = accumulators[name]
    if (accumulator === undefined) throw new ServerError(15952, `unknown group operator '${name}'`)
    return accumulator(documents, argument, this.#options)
  }

  /** A test of documents. A filter with anything unknown in it is an error at once. */
  filter(condition: unknown): (document: unknown) => boolean {
    if (!isDocument(condition)) throw new ServerError(14, 'the filter must be an object')
    const { $comment: _comment, ...rest } = condition
    const query = new Query(rest, this.#options)
    return (document) => query.test(document as Document)
  }
}

const expressionFilter: FilterOperator = (_path, argument, options) => {
  checkExpression(argument, Object.keys(options.variables ?? {}))
  return (document) => isTrue(evaluateFor(document, argument, options))
}

const negation: FilterOperator = (path, argument, options) => {
  if (isDocument(argument) ? Object.keys(argument).length > 0 : argument instanceof RegExp) {
    return $not(path, argument, options) as (document: unknown) => boolean
  }
  throw new ServerError(2, '$not needs a regex or a document')
}

function ofClauses(operator: typeof $and): FilterOperator {
  return (path, argument, options) => {
    if (!Array.isArray(argument) || argument.length === 0) {
      throw new ServerError(2, '$or/$and/$nor need an array with at least one entry')
    }
    return operator(path, argument as Document[], options) as (document: unknown) => boolean
  }
}

const operators = {
  accumulator: accumulators,
  expression: expressionOperators,
  query: {
    $and: ofClauses($and),
    $nor: ofClauses($nor),
    $or: ofClauses($or),
    $not: negation,
    ...filterOperators,
    $expr: expressionFilter,
  },
  window: windowOperators,
} as unknown as ContextOperators

const preparedOptions = prepareOptions(Context.init(operators))
