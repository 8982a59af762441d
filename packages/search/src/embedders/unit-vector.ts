/**
 * The vector scaled to Euclidean norm 1; the same array when it has that norm already. `undefined`
 * when it holds only zeros or a number that is not finite.
 */
export function toUnitVector(vector: number[]): number[] | undefined {
  let sum = 0
  // A null, from a service that could not embed a text, makes the sum NaN.
  for (let at = 0; at < vector.length; at += 1) sum += (vector[at] ?? Number.NaN) ** 2
  const norm = Math.sqrt(sum)
  if (!Number.isFinite(norm) || norm === 0) return undefined
  return Math.abs(norm - 1) < 1e-4 ? vector : vector.map((value) => value / norm)
}
