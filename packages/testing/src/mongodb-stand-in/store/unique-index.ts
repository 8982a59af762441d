import { Engine } from '../engine/engine.ts'
import { ServerError } from '../server-error.ts'
import { valueKey } from '../values/compare.ts'
import { bsonType, type Document, fieldOf, isDocument } from '../values/document.ts'
import { numberKind } from '../values/number.ts'
import { valuesAt } from '../values/path.ts'
import type { IndexSpecification } from './index-specification.ts'

/**
 * A unique index: which document has which key. Looking up, adding and removing a key take constant
 * time.
 */
export class UniqueIndex {
  readonly specification: IndexSpecification
  readonly #paths: string[]
  readonly #owners = new Map<string, string>()
  readonly #covers: (document: Document) => boolean

  constructor(specification: IndexSpecification) {
    this.specification = specification
    this.#paths = Object.keys(specification.key)
    this.#covers = coverage(specification, this.#paths)
  }

  /**
   * Throws the duplicate-key error when a document other than `id` has one of the document's keys.
   */
  check(document: Document, id: string, namespace: string): void {
    for (const values of this.#keysOf(document)) {
      const owner = this.#owners.get(valueKey(values))
      if (owner !== undefined && owner !== id)
        throw duplicateKey(this.specification, values, namespace)
    }
  }

  /** Adds the document's keys, which `check` has found free. */
  add(document: Document, id: string): void {
    for (const values of this.#keysOf(document)) this.#owners.set(valueKey(values), id)
  }

  /** Removes the document's keys. */
  remove(document: Document): void {
    for (const values of this.#keysOf(document)) this.#owners.delete(valueKey(values))
  }

  /** Removes all keys. */
  clear(): void {
    this.#owners.clear()
  }

  /**
   * The only document that a filter can match, when it fixes every field of the index: its id, or
   * null when there is none. Undefined when the index cannot tell.
   */
  lookup(filter: Document): string | null | undefined {
    const { sparse, partialFilterExpression } = this.specification
    if (sparse === true || partialFilterExpression !== undefined) return undefined
    const values = this.#paths.map((path) => fieldOf(filter, path)).map(equalityOf)
    if (values.some((value) => value === undefined)) return undefined
    return this.#owners.get(valueKey(values)) ?? null
  }

  #keysOf(document: Document): unknown[][] {
    if (!this.#covers(document)) return []
    let keys: unknown[][] = [[]]
    let expanded = false
    for (const path of this.#paths) {
      const values = indexedValues(document, path)
      if (values.length > 1 && expanded) throw new ServerError(171, 'cannot index parallel arrays')
      expanded ||= values.length > 1
      keys = keys.flatMap((key) => values.map((value) => [...key, value]))
    }
    return keys
  }
}

/** The error for a key that another document has. */
export function duplicateKey(
  specification: IndexSpecification,
  values: unknown[],
  namespace: string,
): ServerError {
  const paths = Object.keys(specification.key)
  const keyValue = Object.fromEntries(paths.map((path, index) => [path, values[index] ?? null]))
  const shown = paths.map((path, index) => `${path}: ${show(values[index])}`).join(', ')
  const index = `collection: ${namespace} index: ${specification.name}`
  const message = `E11000 duplicate key error ${index} dup key: { ${shown} }`
  return new ServerError(11000, message, { keyPattern: specification.key, keyValue })
}

/**
 * The value that a condition on a field fixes it to; undefined for any other condition, and for
 * values that an index holds in another form.
 */
export function equalityOf(condition: unknown): unknown {
  const value =
    isDocument(condition) && Object.keys(condition).length === 1 && '$eq' in condition
      ? condition['$eq']
      : condition
  if (
    value === null ||
    Array.isArray(value) ||
    value instanceof RegExp ||
    bsonType(value) === 'BSONRegExp'
  )
    return undefined
  return isDocument(value) && Object.keys(value).some((key) => key.startsWith('$'))
    ? undefined
    : value
}

function coverage(
  specification: IndexSpecification,
  paths: string[],
): (document: Document) => boolean {
  const { sparse, partialFilterExpression } = specification
  if (partialFilterExpression !== undefined) return new Engine().filter(partialFilterExpression)
  if (sparse !== true) return () => true
  return (document) =>
    paths.some((path) => valuesAt(document, path).some((value) => value !== undefined))
}

function indexedValues(document: Document, path: string): unknown[] {
  const values = valuesAt(document, path).flatMap((value) => {
    if (!Array.isArray(value)) return [value ?? null]
    return value.length === 0 ? [undefined] : (value as unknown[])
  })
  return values.length === 0 ? [null] : values
}

function show(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`
  if (bsonType(value) === 'ObjectId') return `ObjectId('${String(value)}')`
  if (value instanceof Date) return `new Date(${value.getTime()})`
  if (value === undefined) return 'undefined'
  return numberKind(value) === undefined ? JSON.stringify(value) : `${value as number}`
}
