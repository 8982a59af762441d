import { parseMetadata } from './metadata.ts'
import { invalidArgument } from './pinecone-error.ts'
import { fieldsOf, optionalList, optionalString } from './request-fields.ts'
import type { Fields } from './request-fields.ts'
import { storedVector } from './similarity.ts'
import type { StoredVector } from './similarity.ts'
import { defaultNamespace } from './stored-index.ts'
import type { StoredRecord } from './stored-namespace.ts'

const maxIdLength = 512
const maxIds = 1_000
const maxFloat32 = 3.4028234663852886e38
const minMagnitude = 1e-8

/** The namespace that a request names. */
export function namespaceOf(name: string | null | undefined): string {
  const namespace = name || defaultNamespace
  if (isIdentifier(namespace)) return namespace
  throw invalidArgument(`Namespace must be 1 to ${maxIdLength} ASCII characters other than NUL`)
}

/** A record of an upsert. */
export function parseRecord(value: unknown, dimension: number): StoredRecord {
  const fields = fieldsOf(value, ['id', 'values', 'sparseValues', 'metadata'], 'a vector')
  refuseSparse(fields['sparseValues'])
  const id = parseId(fields['id'])
  const metadata = fields['metadata'] === undefined ? undefined : parseMetadata(fields['metadata'])
  return {
    id,
    vector: parseStoredVector(optionalList(fields, 'values') ?? [], dimension),
    metadata,
  }
}

/** A vector that may be stored: as long as the index has dimensions, and not all zero. */
export function parseStoredVector(values: readonly unknown[], dimension: number): StoredVector {
  const vector = parseVector(values, dimension)
  if (vector.values.some((value) => Math.abs(value) >= minMagnitude)) return vector
  throw invalidArgument('Dense vectors must contain at least one non-zero value.')
}

/** A vector of a query. */
export function parseVector(values: readonly unknown[], dimension: number): StoredVector {
  if (values.length === dimension) return storedVector(values.map(parseNumber))
  throw invalidArgument(
    `Vector dimension ${values.length} does not match the dimension of the index ${dimension}`,
  )
}

/** The ids of a request that names records. */
export function parseIds(values: readonly unknown[]): string[] {
  if (values.length === 0) throw invalidArgument('At least one id is required')
  if (values.length > maxIds)
    throw invalidArgument(`The number of ids must not exceed ${maxIds}, got ${values.length}`)
  return values.map(parseId)
}

/** The id of a record. */
export function parseId(value: unknown): string {
  if (typeof value !== 'string') throw invalidArgument('Vector ID must be a string')
  if (value === '' || value.length > maxIdLength)
    throw invalidArgument(`Vector ID must be 1 to ${maxIdLength} characters long`)
  if (!isIdentifier(value)) throw invalidArgument(`Vector ID must be ASCII, but got '${value}'`)
  return value
}

/** Refuses sparse values, which a dense index cannot store. */
export function refuseSparse(value: unknown): void {
  if (value !== undefined)
    throw invalidArgument('Index configuration does not support sparse values')
}

/** The token of a page: the last id of the page before. */
export function parsePageToken(token: string | null | undefined): string {
  if (token === null || token === undefined || token === '') return ''
  const last = Buffer.from(token, 'base64url').toString()
  if (pageToken(last) === token) return last
  throw invalidArgument('Pagination token is invalid')
}

/** The token of the page after this id. */
export function pageToken(lastId: string): string {
  return Buffer.from(lastId).toString('base64url')
}

/** The id or filter that selects the records of a request. */
export function idField(fields: Fields): string | undefined {
  const id = optionalString(fields, 'id')
  return id === undefined || id === '' ? undefined : parseId(id)
}

function parseNumber(value: unknown): number {
  if (typeof value === 'number' && Math.abs(value) <= maxFloat32) return value
  throw invalidArgument(`Vector values must be finite numbers, got ${JSON.stringify(value)}`)
}

function isIdentifier(text: string): boolean {
  return text.length <= maxIdLength && /^[\u0001-\u007f]+$/.test(text)
}
