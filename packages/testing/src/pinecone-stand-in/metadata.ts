import { invalidArgument } from './pinecone-error.ts'
import { isObject } from './request-fields.ts'

const maxMetadataBytes = 40_960

/** The metadata of a record. */
export type Metadata = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** Reads metadata; refuses names and values that the service does not store. */
export function parseMetadata(value: unknown): Metadata {
  if (!isObject(value)) throw invalidArgument('metadata: expected an object')
  for (const [name, field] of Object.entries(value)) {
    if (name.startsWith('$'))
      throw invalidArgument(`Metadata field names must not start with '$', got '${name}'`)
    if (isMetadataValue(field)) continue
    const got = JSON.stringify(field).slice(0, 100)
    throw invalidArgument(
      `Metadata value must be a string, number, boolean or list of strings, got '${got}' for field '${name}'`,
    )
  }
  return withinSize(value as Metadata)
}

/** Sets fields of metadata and keeps the others. */
export function mergeMetadata(metadata: Metadata, changes: Metadata): Metadata {
  return withinSize({ ...metadata, ...changes })
}

function withinSize(metadata: Metadata): Metadata {
  const bytes = Buffer.byteLength(JSON.stringify(metadata))
  if (bytes <= maxMetadataBytes) return metadata
  throw invalidArgument(
    `Metadata size is ${bytes} bytes, which exceeds the limit of ${maxMetadataBytes} bytes per vector`,
  )
}

function isMetadataValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((element) => typeof element === 'string')
  return (
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    (typeof value === 'number' && Number.isFinite(value))
  )
}
