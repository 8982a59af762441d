import type { PineconeRecord } from '@pinecone-database/pinecone'
import type { VectorMetadata, VectorRecord } from './vector-index.ts'

/** A record as Pinecone's client takes it. */
export function toPinecone({ id, values, metadata }: VectorRecord): PineconeRecord {
  // The client only serializes the values: no copy.
  return { id, values: values as number[], metadata: toMetadata(metadata) }
}

/** Metadata as Pinecone's client takes it. */
export function toMetadata(
  metadata: VectorMetadata,
): Record<string, string | number | boolean | string[]> {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [
      key,
      typeof value === 'object' ? [...value] : value,
    ]),
  )
}

/** A record that Pinecone answered. */
export function fromPinecone(
  id: string,
  { values = [], metadata = {} }: PineconeRecord,
): VectorRecord {
  return { id, values, metadata }
}

/** At least the bytes of a record in a request. */
export function bytesOf({ id, values = [], metadata }: PineconeRecord): number {
  let digits = 0
  for (let at = 0; at < values.length; at += 1) digits += mostDigits(values[at] ?? 0)
  return Buffer.byteLength(JSON.stringify({ id, metadata })) + digits + 16
}

/**
 * The most characters that a number takes in JSON, with its comma. Serializing every vector twice
 * would cost more than all else here.
 */
function mostDigits(value: number): number {
  if (value === 0) return 2
  const sign = value < 0 ? 1 : 0
  const size = Math.abs(value)
  if (size >= 1 || size < 0.001) return 25 + sign
  return sign + (size >= 0.1 ? 20 : size >= 0.01 ? 21 : 22)
}
