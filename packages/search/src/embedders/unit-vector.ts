/**
 * The vector with Euclidean norm 1, the same one when it has that already; `undefined` when it
 * holds a number that is not finite or only zeros.
 */
export function toUnitVector(vector: number[]): number[] | undefined {
  let sum = 0
  // What is not a number, such as the null of a service that could not embed, makes the sum NaN.
  for (let place = 0; place < vector.length; place += 1) sum += (vector[place] ?? Number.NaN) ** 2
  const norm = Math.sqrt(sum)
  if (!Number.isFinite(norm) || norm === 0) return undefined
  return Math.abs(norm - 1) < 1e-4 ? vector : vector.map((value) => value / norm)
}
