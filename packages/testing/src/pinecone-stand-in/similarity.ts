/** The metric by which an index compares vectors. */
export type Metric = 'cosine' | 'dotproduct' | 'euclidean'

/** The metrics of the service. */
export const metrics: readonly Metric[] = ['cosine', 'dotproduct', 'euclidean']

/** A vector with its precomputed norm. */
export interface StoredVector {
  readonly values: Float32Array
  readonly norm: number
}

/** Creates a vector of single precision. */
export function storedVector(values: readonly number[]): StoredVector {
  const stored = Float32Array.from(values)
  return { values: stored, norm: Math.sqrt(dot(stored, stored)) }
}

/**
 * The score of two vectors of the same length; for `euclidean` the squared distance, as the service
 * has it.
 */
export function score(metric: Metric, left: StoredVector, right: StoredVector): number {
  if (metric === 'euclidean') return squaredDistance(left.values, right.values)
  const product = dot(left.values, right.values)
  if (metric === 'dotproduct') return product
  const norms = left.norm * right.norm
  return norms === 0 ? 0 : product / norms
}

/** Orders two scores, the better one first. */
export function compareScores(metric: Metric, left: number, right: number): number {
  return metric === 'euclidean' ? left - right : right - left
}

function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0
  for (let index = 0; index < left.length; index += 1)
    sum += (left[index] ?? 0) * (right[index] ?? 0)
  return sum
}

function squaredDistance(left: Float32Array, right: Float32Array): number {
  let sum = 0
  for (let index = 0; index < left.length; index += 1)
    sum += ((left[index] ?? 0) - (right[index] ?? 0)) ** 2
  return sum
}
