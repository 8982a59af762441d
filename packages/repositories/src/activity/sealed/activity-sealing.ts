import { ok } from '@headwater/core'
import type { Result } from '@headwater/core'
import type { EncryptionFailed } from '../../encryption/encryption-failed.ts'
import type { CheckedEncryption } from '../../encryption/encryption-options.ts'
import type { FieldCipher } from '../../encryption/field-cipher.ts'
import { openFields, sealFields } from '../../encryption/sealed-fields.ts'
import type { RowPlace, SealedFields } from '../../encryption/sealed-fields.ts'
import type { ActivityMetadata } from '../activity.ts'

/** Metadata as it is stored: encrypted fields are in `sealed` alone. */
export type StoredMetadata = ActivityMetadata & { readonly sealed?: SealedFields | undefined }

/** The table or collection of metadata: a request waits with its registration before it is logged. */
export type MetadataTable = 'user_activity' | 'user_origin'

/** Encrypts the fields of activity that a host names, and decrypts all. */
export class ActivitySealing {
  readonly #cipher: FieldCipher
  readonly #fields: CheckedEncryption['activity']
  readonly #schema: string

  constructor(cipher: FieldCipher, { activity }: CheckedEncryption, schema: string) {
    this.#cipher = cipher
    this.#fields = activity
    this.#schema = schema
  }

  /** Encrypts the metadata of a row. */
  seal(
    metadata: ActivityMetadata,
    [table, row]: readonly [MetadataTable, string | number],
  ): Result<StoredMetadata, EncryptionFailed> {
    const marked = Object.fromEntries(this.#fields.map((field) => [field, metadata[field]]))
    return sealFields(this.#cipher, marked, this.#place(table, row)).map((sealed) => {
      const kept = Object.entries(metadata).filter(([field]) => !(field in sealed))
      return Object.keys(sealed).length === 0 ? metadata : { ...Object.fromEntries(kept), sealed }
    })
  }

  /** The metadata of a row in clear text. */
  open(
    { sealed, ...metadata }: StoredMetadata,
    [table, row]: readonly [MetadataTable, string | number],
  ): Result<ActivityMetadata, EncryptionFailed> {
    if (sealed === undefined) return ok(metadata)
    return openFields(this.#cipher, sealed, this.#place(table, row)).map((clear) => ({
      ...metadata,
      ...clear,
    }))
  }

  /** Whether the fields are as they are to be, and under the current key. */
  isCurrent({ sealed = {}, ...metadata }: StoredMetadata): boolean {
    const named: readonly string[] = this.#fields
    return (
      Object.entries(sealed).every(
        ([field, text]) => named.includes(field) && this.#cipher.isCurrent(text),
      ) && this.#fields.every((field) => metadata[field] === undefined)
    )
  }

  #place(table: MetadataTable, row: string | number): RowPlace {
    return { schema: this.#schema, table, row }
  }
}
