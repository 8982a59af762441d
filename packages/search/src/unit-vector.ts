/**
 * The vector with Euclidean norm 1, the same one when it has that already; `undefined` when it holds a number that is not finite or only zeros.
 */
export function toUnitVector(vector: number[]): number[] | undefined {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  if (!Number.isFinite(norm) || norm === 0) return undefined
  return Math.abs(norm - 1) < 1e-4 ? vector : vector.map((value) => value / norm)
}
