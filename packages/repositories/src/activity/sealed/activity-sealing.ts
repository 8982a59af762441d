import { err, ok } from '@headwater/core'
import type { Result } from '@headwater/core'
import { encryptionFailed } from '../../encryption/encryption-failed.ts'
import type { EncryptionFailed } from '../../encryption/encryption-failed.ts'
import type { CheckedEncryption } from '../../encryption/encryption-options.ts'
import type { FieldCipher } from '../../encryption/field-cipher.ts'
import { openFields, sealFields } from '../../encryption/sealed-fields.ts'
import type { RowPlace, SealedFields } from '../../encryption/sealed-fields.ts'
import type { ActivityMetadata } from '../activity.ts'

/** Metadata as it is stored: encrypted fields are in `sealed` alone. */
export type StoredMetadata = ActivityMetadata & { readonly sealed?: SealedFields | undefined }

/** Where metadata is: that of a registration waits in a table of its own before it is logged. */
export type MetadataTable = 'user_activity' | 'user_origin'

/** Encrypts the fields of activity that a host names, and decrypts all. */
export class ActivitySealing {
  readonly #cipher: FieldCipher
  readonly #fields: CheckedEncryption['activity']
  readonly #schema: string
  readonly #takesClearText: boolean

  constructor(cipher: FieldCipher, options: CheckedEncryption, schema: string) {
    this.#cipher = cipher
    this.#fields = options.activity
    this.#schema = schema
    this.#takesClearText = options.clearText === 'read'
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
    const clear = this.#takesClearText ? undefined : this.#clearField(metadata)
    if (clear !== undefined) return err(encryptionFailed('clear-text', `${table}.${clear}`))
    if (sealed === undefined) return ok(metadata)
    return openFields(this.#cipher, sealed, this.#place(table, row)).map((texts) => ({
      ...metadata,
      ...texts,
    }))
  }

  /** Whether the fields are as they are to be, and under the current key. */
  isCurrent({ sealed = {}, ...metadata }: StoredMetadata): boolean {
    const named: readonly string[] = this.#fields
    return (
      Object.entries(sealed).every(
        ([field, text]) => named.includes(field) && this.#cipher.isCurrent(text),
      ) && this.#clearField(metadata) === undefined
    )
  }

  #clearField(metadata: ActivityMetadata): string | undefined {
    // A redaction of the host may leave null.
    return this.#fields.find((field) => (metadata[field] ?? undefined) !== undefined)
  }

  #place(table: MetadataTable, row: string | number): RowPlace {
    return { schema: this.#schema, table, row }
  }
}
