import { err, ok } from '@headwater/core'
import type { Result } from '@headwater/core'
import type { EncryptionFailed } from './encryption-failed.ts'
import type { FieldCipher, Place } from './field-cipher.ts'

/** Encrypted texts by the names of their fields. */
export type SealedFields = Readonly<Record<string, string>>

/** Texts by the names of their fields; those that are not there are left out. */
export type ClearFields = Readonly<Record<string, string | null | undefined>>

/** A place without its column: fields name it. */
export type RowPlace = Omit<Place, 'column'>

/** Encrypts the fields that are there. */
export function sealFields(
  cipher: FieldCipher,
  fields: ClearFields,
  place: RowPlace,
): Result<SealedFields, EncryptionFailed> {
  return eachField(fields, (text, column) => cipher.seal(textOf(text), { ...place, column }))
}

/** Decrypts fields. */
export function openFields(
  cipher: FieldCipher,
  fields: SealedFields,
  place: RowPlace,
): Result<SealedFields, EncryptionFailed> {
  return eachField(fields, (text, column) => cipher.open(text, { ...place, column }))
}

/** What a redaction of the host put in the place of a text may be any JSON. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function eachField(
  fields: ClearFields,
  change: (text: string, column: string) => Result<string, EncryptionFailed>,
): Result<SealedFields, EncryptionFailed> {
  const changed: Record<string, string> = {}
  for (const [column, text] of Object.entries(fields)) {
    if (text === null || text === undefined) continue
    const result = change(text, column)
    if (result.isErr()) return err(result.error)
    changed[column] = result.value
  }
  return ok(changed)
}
