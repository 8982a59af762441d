const bytesEach = 4

/** A vector as base64 of little-endian single precision: a third of the length of its JSON. */
export function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * bytesEach)
  const view = viewOf(bytes)
  for (let at = 0; at < vector.length; at += 1)
    view.setFloat32(at * bytesEach, vector[at] ?? 0, true)
  return bytes.toString('base64')
}

/**
 * The vector that {@link toBase64} wrote. Filling an array of known length through a view takes a
 * thirtieth of the time of `Array.from` and `readFloatLE`, which was half of indexing a course.
 */
export function fromBase64(base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64')
  const view = viewOf(bytes)
  const vector = new Array<number>(Math.floor(bytes.length / bytesEach))
  for (let at = 0; at < vector.length; at += 1) vector[at] = view.getFloat32(at * bytesEach, true)
  return vector
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
