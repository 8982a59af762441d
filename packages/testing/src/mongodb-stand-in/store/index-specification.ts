import { ServerError, notSupported } from '../server-error.ts'
import { valueKey } from '../values/compare.ts'
import { type Document, isDocument } from '../values/document.ts'
import { toNumber } from '../values/number.ts'

/** An index in the form of createIndexes and listIndexes. */
export interface IndexSpecification {
  v: number
  key: Document
  name: string
  unique?: boolean
  sparse?: boolean
  hidden?: boolean
  expireAfterSeconds?: unknown
  partialFilterExpression?: Document
}

const fields = new Set([
  'v',
  'key',
  'name',
  'unique',
  'sparse',
  'hidden',
  'background',
  'ns',
  'expireAfterSeconds',
  'partialFilterExpression',
])
const elsewhere = new Set([
  'collation',
  'weights',
  'default_language',
  'language_override',
  'textIndexVersion',
  '2dsphereIndexVersion',
  'bits',
  'min',
  'max',
  'wildcardProjection',
  'storageEngine',
  'prepareUnique',
  'clustered',
])

/** The index every collection has. */
export const idIndex: IndexSpecification = { v: 2, key: { _id: 1 }, name: '_id_' }

/**
 * Checks an index specification and fails as mongod does; unimplemented kinds of index are refused.
 */
export function parseIndexSpecification(given: unknown): IndexSpecification {
  if (!isDocument(given)) throw new ServerError(14, 'an index specification must be an object')
  for (const field of Object.keys(given)) {
    if (elsewhere.has(field)) throw notSupported(`the index option '${field}'`)
    if (!fields.has(field))
      throw new ServerError(197, `The field '${field}' is not valid for an index specification.`)
  }
  const { key, name } = given
  if (!isDocument(key) || Object.keys(key).length === 0)
    throw new ServerError(67, 'Index keys cannot be empty.')
  if (name === undefined)
    throw new ServerError(9, `The 'name' field is a required property of an index specification`)
  if (typeof name !== 'string' || name === '')
    throw new ServerError(67, 'Index names cannot be empty.')
  checkKey(key)
  checkExpiry(given, key)
  return specificationOf(given, key, name)
}

/**
 * The identity of an index: its key and the documents it covers. Everything else is an option of
 * the index.
 */
export function identityOf(specification: IndexSpecification): string {
  const { key, unique = false, sparse = false, partialFilterExpression = null } = specification
  return valueKey([key, unique, sparse, partialFilterExpression])
}

/** Whether two specifications of the same name and identity agree in their other options too. */
export function sameOptions(left: IndexSpecification, right: IndexSpecification): boolean {
  const options = ({ expireAfterSeconds = null, hidden = false }: IndexSpecification): string =>
    valueKey([expireAfterSeconds, hidden])
  return options(left) === options(right)
}

function checkKey(key: Document): void {
  for (const [path, direction] of Object.entries(key)) {
    if (typeof direction === 'string') throw notSupported(`an index of type '${direction}'`)
    if (path.includes('$**')) throw notSupported('a wildcard index')
    const number = toNumber(direction)
    if (number === undefined || number === 0 || Number.isNaN(number)) {
      throw new ServerError(
        67,
        `Values in v:2 index key pattern cannot be of type or value ${String(direction)}`,
      )
    }
    if (path === '' || path.split('.').some((part) => part === '' || part.startsWith('$'))) {
      throw new ServerError(67, `Index key contains an illegal field name: '${path}'`)
    }
  }
}

function checkExpiry(given: Document, key: Document): void {
  if (!('expireAfterSeconds' in given)) return
  const seconds = toNumber(given['expireAfterSeconds'])
  if (seconds === undefined)
    throw new ServerError(14, `The field 'expireAfterSeconds' must be a number`)
  if (!(seconds >= 0 && seconds <= 2147483647)) {
    throw new ServerError(
      67,
      `TTL index 'expireAfterSeconds' option must be within an acceptable range`,
    )
  }
  const paths = Object.keys(key)
  if (paths.length > 1)
    throw new ServerError(
      67,
      'TTL indexes are single-field indexes, compound indexes do not support TTL.',
    )
  if (paths[0] === '_id') {
    throw new ServerError(
      197,
      `The field 'expireAfterSeconds' is not valid for an _id index specification.`,
    )
  }
}

function specificationOf(given: Document, key: Document, name: string): IndexSpecification {
  const { expireAfterSeconds, partialFilterExpression: partial } = given
  if (partial !== undefined && !isDocument(partial)) {
    throw new ServerError(14, `The field 'partialFilterExpression' must be an object`)
  }
  if (partial !== undefined && isTruthy(given['sparse'])) {
    throw new ServerError(67, 'cannot mix "partialFilterExpression" and "sparse" options')
  }
  return {
    v: 2,
    key,
    name,
    ...(isTruthy(given['unique']) ? { unique: true } : {}),
    ...(isTruthy(given['sparse']) ? { sparse: true } : {}),
    ...(isTruthy(given['hidden']) ? { hidden: true } : {}),
    ...(expireAfterSeconds === undefined ? {} : { expireAfterSeconds }),
    ...(partial === undefined ? {} : { partialFilterExpression: partial }),
  }
}

function isTruthy(value: unknown): boolean {
  return value === true || (toNumber(value) ?? 0) !== 0
}
