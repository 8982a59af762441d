import { ServerError, toServerError } from '../server-error.ts'
import type { Document } from '../values/document.ts'

const maxWrites = 100_000

/**
 * Performs a batch of writes. A failed write is reported by its index; it ends an ordered batch,
 * and an unordered batch continues.
 */
export function eachWrite(
  writes: Document[],
  ordered: boolean,
  write: (given: Document, index: number) => void,
): { writeErrors?: Document[] } {
  if (writes.length === 0 || writes.length > maxWrites) {
    throw new ServerError(
      16,
      `Write batch sizes must be between 1 and ${maxWrites}. Got ${writes.length} operations.`,
    )
  }
  const writeErrors: Document[] = []
  for (const [index, given] of writes.entries()) {
    try {
      write(given, index)
    } catch (error) {
      const failure = toServerError(error)
      writeErrors.push({ index, code: failure.code, errmsg: failure.message, ...failure.details })
      if (ordered) break
    }
  }
  return writeErrors.length === 0 ? {} : { writeErrors }
}

/** Rejects a write of a batch with a missing or an unknown field. */
export function checkFields(
  given: Document,
  name: string,
  fields: { required: readonly string[]; optional: readonly string[] },
): void {
  const missing = fields.required.find((field) => !Object.hasOwn(given, field))
  if (missing !== undefined)
    throw new ServerError(40414, `BSON field '${name}.${missing}' is missing but a required field`)
  const unknown = Object.keys(given).find(
    (field) => !fields.required.includes(field) && !fields.optional.includes(field),
  )
  if (unknown !== undefined)
    throw new ServerError(40415, `BSON field '${name}.${unknown}' is an unknown field.`)
}
