import { err, ok } from '@headwater/core'
import type { Result } from '@headwater/core'
import { BlindIndex, isBlind, normalized } from '../../encryption/blind-index.ts'
import { encryptionFailed } from '../../encryption/encryption-failed.ts'
import type { EncryptionFailed } from '../../encryption/encryption-failed.ts'
import type { CheckedEncryption } from '../../encryption/encryption-options.ts'
import type { FieldCipher } from '../../encryption/field-cipher.ts'
import { openFields, sealFields } from '../../encryption/sealed-fields.ts'
import type { RowPlace, SealedFields } from '../../encryption/sealed-fields.ts'
import type { User } from '../user.ts'

/**
 * A profile as it is stored and cached: an encrypted field is in `sealed`, and its place in the
 * profile holds `null` or, of an address, its blind index.
 */
export type StoredUser = User & { readonly sealed?: SealedFields | null }

/** New values of fields that can be encrypted; absent ones stay as they are. */
export interface UserTexts {
  readonly email?: string | undefined
  readonly fullName?: string | null | undefined
}

/** Fields of a profile as their columns hold them. */
export interface UserColumns extends UserTexts {
  /** Encrypted texts of the fields that are set here. */
  readonly sealed: SealedFields
}

/** Encrypts the fields of profiles that a host names, and decrypts all. */
export class UserSealing {
  readonly #cipher: FieldCipher
  readonly #index: BlindIndex | undefined
  readonly #fields: CheckedEncryption['users']
  readonly #schema: string

  constructor(cipher: FieldCipher, { users, indexKey }: CheckedEncryption, schema: string) {
    this.#cipher = cipher
    this.#index = indexKey === undefined ? undefined : new BlindIndex(indexKey)
    this.#fields = users
    this.#schema = schema
  }

  /** The columns of new values of a profile. */
  seal(id: number, texts: UserTexts): Result<UserColumns, EncryptionFailed> {
    const marked = Object.fromEntries(this.#fields.map((field) => [field, texts[field]]))
    return sealFields(this.#cipher, marked, this.#placeOf(id)).map((sealed) => ({
      email: texts.email === undefined ? undefined : this.#columnOf(texts.email),
      fullName: 'fullName' in sealed ? null : texts.fullName,
      sealed,
    }))
  }

  /** The texts under which the row of an address may be found, encrypted or not yet. */
  addresses(email: string): readonly string[] {
    const plain = normalized(email)
    return this.#index === undefined ? [plain] : [this.#index.of(email), plain]
  }

  /** The profile in clear text. */
  open({ sealed, ...user }: StoredUser): Result<User, EncryptionFailed> {
    if (sealed === undefined || sealed === null) return openPlain(user)
    return openFields(this.#cipher, sealed, this.#placeOf(user.id)).map((clear) => ({
      ...user,
      ...clear,
    }))
  }

  /** Whether the fields of a row are as they are to be, and under the current key. */
  isCurrent({ sealed, email, fullName }: StoredUser): boolean {
    const named: readonly string[] = this.#fields
    const isSealed = (field: string): boolean => sealed?.[field] !== undefined
    return (
      Object.entries(sealed ?? {}).every(
        ([field, text]) => named.includes(field) && this.#cipher.isCurrent(text),
      ) &&
      (!named.includes('fullName') || isSealed('fullName') || fullName === null) &&
      (!named.includes('email') || (isSealed('email') && isBlind(email)))
    )
  }

  #columnOf(email: string): string {
    return this.#index === undefined ? email : this.#index.of(email)
  }

  #placeOf(row: number): RowPlace {
    return { schema: this.#schema, table: 'users', row }
  }
}

/** A profile without encrypted fields; one with them was written by a process that knows them. */
export function openPlain(user: StoredUser): Result<User, EncryptionFailed> {
  return isBlind(user.email) ? err(encryptionFailed('not-configured', 'users.email')) : ok(user)
}
