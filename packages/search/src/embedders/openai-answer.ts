import { err, ok } from '@headwater/core'
import type { Result } from '@headwater/core'
import { dimensionMismatch, type EmbedError } from './embedder.ts'
import { fromBase64 } from './single-precision.ts'
import { toUnitVector } from './unit-vector.ts'

/** A body of an answer with status 200; services differ in all of it. */
export interface OpenaiAnswer {
  readonly data?: unknown
  readonly error?: unknown
  readonly usage?: unknown
}

interface Entry {
  readonly index?: unknown
  readonly embedding?: unknown
}

/** An error in the body of an answer with status 200, as gateways pass on that of a provider. */
export class ErrorInAnswer extends Error {
  readonly status: number
  readonly code = 'error-in-answer'

  constructor({ code, message }: { readonly code?: unknown; readonly message?: unknown }) {
    super(typeof message === 'string' ? message : 'an error in the answer')
    this.status = typeof code === 'number' && code >= 400 && code <= 599 ? code : 200
  }
}

/** The tokens that the service counted; 0 where it does not say. */
export function tokensIn({ usage }: OpenaiAnswer): number {
  if (typeof usage !== 'object' || usage === null || !('total_tokens' in usage)) return 0
  return typeof usage.total_tokens === 'number' ? usage.total_tokens : 0
}

/** Throws the error that the body of an answer holds instead of vectors. */
export function throwErrorIn({ data, error }: OpenaiAnswer): void {
  if (data === undefined && typeof error === 'object' && error !== null)
    throw new ErrorInAnswer(error)
  if (data === undefined && typeof error === 'string') throw new ErrorInAnswer({ message: error })
}

/**
 * The unit vectors of an answer in the order of the texts. They arrive in any order, each with its
 * index; an index that is left out is the place in the list.
 */
export function vectorsOf(
  { data }: OpenaiAnswer,
  { count, dimensions }: { readonly count: number; readonly dimensions: number },
): Result<number[][], EmbedError> {
  if (!Array.isArray(data))
    return err(unusable('no-vectors', 'answered without vectors: is `baseURL` that of an API?'))
  const entries = (data as readonly (Entry | null)[]).map((entry, place) => ({
    index: count === 1 ? place : (entry?.index ?? place),
    vector: numbersOf(entry?.embedding),
  }))
  const byIndex = new Map(entries.map(({ index, vector }) => [index, vector]))
  const ordered = Array.from({ length: count }, (_, index) => byIndex.get(index))
  if (entries.length !== count || byIndex.size !== count || ordered.includes(undefined))
    return err(unusable('miscounted', `did not answer ${count} texts with one vector each`))
  return unitVectors(
    ordered.filter((vector) => vector !== undefined),
    dimensions,
  )
}

function unitVectors(
  vectors: readonly number[][],
  dimensions: number,
): Result<number[][], EmbedError> {
  const units: number[][] = []
  for (const vector of vectors) {
    if (vector.length !== dimensions) return err(dimensionMismatch(dimensions, vector.length))
    const unit = toUnitVector(vector)
    if (unit === undefined)
      return err(unusable('not-a-number', 'answered with a vector that has no direction'))
    units.push(unit)
  }
  return ok(units)
}

/** What is no number in a list counts as NaN. */
function numbersOf(embedding: unknown): number[] {
  if (typeof embedding === 'string') return fromBase64(embedding)
  if (!Array.isArray(embedding)) return []
  const values = embedding as readonly unknown[]
  return values.every((value) => typeof value === 'number')
    ? (values as number[])
    : values.map((value) => (typeof value === 'number' ? value : Number.NaN))
}

function unusable(code: string, reason: string): EmbedError {
  return {
    type: 'store-refused',
    message: `openai ${reason}`,
    retryable: false,
    store: 'openai',
    operation: 'embed',
    code,
  }
}
