import { ServerError, toServerError } from '../server-error.ts'
import type { Document } from '../values/document.ts'

/**
 * Does each of a batch of writes. A failed one is reported by its index; an ordered batch ends with it, an unordered one goes on.
 */
export function eachWrite(writes: Document[], ordered: boolean, write: (given: Document, index: number) => void): { writeErrors?: Document[] } {
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

/**
 * Rejects fields that a write of a batch does not have.
 */
export function onlyFields(given: Document, name: string, allowed: readonly string[]): void {
  const unknown = Object.keys(given).find((field) => !allowed.includes(field))
  if (unknown !== undefined) throw new ServerError(40415, `BSON field '${name}.${unknown}' is an unknown field.`)
}
