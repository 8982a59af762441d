import { err, invalidField, ok } from '@headwater/core'
import type { InvalidInput, Result } from '@headwater/core'
import type { DimensionMismatch } from '../embedders/embedder.ts'
import { dimensionMismatch } from '../embedders/embedder.ts'
import type {
  MetadataValue,
  VectorListOptions,
  VectorMetadata,
  VectorQuery,
  VectorRecord,
} from './vector-index.ts'

/** The refusal of a vector, a record, a query or a page before anything is sent. */
export type VectorRefusal = InvalidInput | DimensionMismatch

const maxTopK = 10_000
const maxPage = 100
const maxMetadataBytes = 40_960
const recordId = /^[\u0001-\u007f]{1,512}$/

/** Checks every record of a batch: one bad record refuses all. */
export function checkRecords(
  records: readonly VectorRecord[],
  dimensions: number,
): Result<void, VectorRefusal> {
  for (const [index, { id, values, metadata }] of records.entries()) {
    const at = `records[${index}]`
    const checked = checkId(id, `${at}.id`)
      .andThen(() => checkVector(values, dimensions, `${at}.values`))
      .andThen(() =>
        values.every((value) => value === 0)
          ? err(invalidField(`${at}.values`, 'must not be all zero'))
          : ok(undefined),
      )
      .andThen(() => checkMetadata(metadata, `${at}.metadata`))
    if (checked.isErr()) return checked
  }
  return ok(undefined)
}

/** Checks a query. */
export function checkQuery(
  { vector, topK }: VectorQuery,
  dimensions: number,
): Result<void, VectorRefusal> {
  if (!isWholeWithin(topK, maxTopK))
    return err(invalidField('topK', `must be a whole number from 1 to ${maxTopK}`))
  return checkVector(vector, dimensions, 'vector')
}

/** Checks a request for a page of ids. */
export function checkPage({ limit = maxPage }: VectorListOptions): Result<void, VectorRefusal> {
  return isWholeWithin(limit, maxPage)
    ? ok(undefined)
    : err(invalidField('limit', `must be a whole number from 1 to ${maxPage}`))
}

/** Checks the metadata of a record. */
export function checkMetadata(
  metadata: VectorMetadata,
  field = 'metadata',
): Result<void, VectorRefusal> {
  for (const [key, value] of Object.entries(metadata)) {
    if (key === '' || key.startsWith('$'))
      return err(invalidField(`${field}.${key}`, 'a key must not be empty or begin with $'))
    if (!isMetadataValue(value))
      return err(
        invalidField(
          `${field}.${key}`,
          'must be a text, a finite number, a boolean or a list of texts',
        ),
      )
  }
  if (Buffer.byteLength(JSON.stringify(metadata)) > maxMetadataBytes)
    return err(invalidField(field, `must have at most ${maxMetadataBytes} bytes of JSON`))
  return ok(undefined)
}

function checkId(id: string, field: string): Result<void, VectorRefusal> {
  return recordId.test(id)
    ? ok(undefined)
    : err(invalidField(field, 'must be 1 to 512 ASCII characters other than NUL'))
}

/** Checks that a vector has the right length and holds only finite numbers. */
export function checkVector(
  vector: readonly number[],
  dimensions: number,
  field: string,
): Result<void, VectorRefusal> {
  if (vector.length !== dimensions) return err(dimensionMismatch(dimensions, vector.length))
  // A plain loop: this runs for thousands of vectors of thousands of numbers.
  for (let at = 0; at < vector.length; at += 1) {
    if (!Number.isFinite(vector[at]))
      return err(invalidField(field, 'must hold finite numbers only'))
  }
  return ok(undefined)
}

function isMetadataValue(value: MetadataValue): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every((element) => typeof element === 'string')
  return typeof value === 'string' || typeof value === 'boolean'
}

function isWholeWithin(count: number, max: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= max
}
