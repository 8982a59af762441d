import { err, ok } from '@headwater/core'
import type { Result } from '@headwater/core'
import { BlindIndex, isBlind, normalized } from '../../encryption/blind-index.ts'
import { encryptionFailed } from '../../encryption/encryption-failed.ts'
import type { EncryptionFailed } from '../../encryption/encryption-failed.ts'
import type { CheckedEncryption, EncryptedUserField } from '../../encryption/encryption-options.ts'
import type { FieldCipher } from '../../encryption/field-cipher.ts'
import { openFields, sealFields } from '../../encryption/sealed-fields.ts'
import type { RowPlace, SealedFields } from '../../encryption/sealed-fields.ts'
import type { User } from '../user.ts'

/**
 * A profile as it is stored and cached: an encrypted field is in `sealed`, and its place in the
 * profile holds the blind index of an address, or a mark.
 */
export type StoredUser = User & { readonly sealed?: SealedFields }

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

/** What the column of an encrypted full name holds. */
const mark = 'enc:1:sealed'

/** Encrypts the fields of profiles that a host names, and decrypts all. */
export class UserSealing {
  readonly #cipher: FieldCipher
  readonly #index: BlindIndex | undefined
  readonly #fields: CheckedEncryption['users']
  readonly #schema: string
  readonly #takesClearText: boolean

  constructor(cipher: FieldCipher, options: CheckedEncryption, schema: string) {
    const { users, indexKey, clearText } = options
    this.#cipher = cipher
    this.#index = indexKey === undefined ? undefined : new BlindIndex(indexKey)
    this.#fields = users
    this.#schema = schema
    this.#takesClearText = clearText === 'read'
  }

  /** The columns of new values of a profile. */
  seal(id: number, texts: UserTexts): Result<UserColumns, EncryptionFailed> {
    const marked = Object.fromEntries(this.#fields.map((field) => [field, texts[field]]))
    return sealFields(this.#cipher, marked, this.#placeOf(id)).map((sealed) => ({
      email: texts.email === undefined ? undefined : this.#columnOf(texts.email),
      fullName: 'fullName' in sealed ? mark : texts.fullName,
      sealed,
    }))
  }

  /** The texts under which the row of an address may be found, encrypted or not. */
  addresses(email: string): readonly string[] {
    return [this.#columnOf(email), ...this.#otherForm(email)].map(normalized)
  }

  /** That of the {@link addresses} which the unique index does not know once one is written. */
  otherAddress(email: string): string | undefined {
    return this.#otherForm(email).map(normalized)[0]
  }

  /** The advisory locks under which addresses are written while they may have two forms. */
  locksOf(emails: readonly string[]): readonly string[] {
    const index = this.#index
    return index === undefined ? [] : emails.map((email) => index.lockOf(email))
  }

  /** The profile in clear text. */
  open(stored: StoredUser): Result<User, EncryptionFailed> {
    const { sealed = {}, ...user } = stored
    if (!this.#takesClearText) {
      const clear = this.#fields.find((field) => hasClearText(stored, field))
      if (clear !== undefined) return err(encryptionFailed('clear-text', `users.${clear}`))
    }
    return openFields(this.#cipher, sealed, this.#placeOf(user.id)).andThen((texts) => {
      const { email } = texts
      const isAnothers =
        email !== undefined && (this.#index?.of(email) ?? user.email) !== user.email
      return isAnothers
        ? err(encryptionFailed('altered', 'users.email'))
        : ok({ ...user, ...texts })
    })
  }

  /** Whether the fields of a row are as they are to be, and under the current key. */
  isCurrent(stored: StoredUser): boolean {
    const named: readonly string[] = this.#fields
    return (
      Object.entries(stored.sealed ?? {}).every(
        ([field, text]) => named.includes(field) && this.#cipher.isCurrent(text),
      ) && !this.#fields.some((field) => hasClearText(stored, field))
    )
  }

  #columnOf(email: string): string {
    return this.#writesIndex() ? this.#indexOf(email) : email
  }

  #otherForm(email: string): readonly string[] {
    if (!this.#writesIndex()) return this.#index === undefined ? [] : [this.#indexOf(email)]
    return this.#takesClearText ? [email] : []
  }

  #writesIndex(): boolean {
    return this.#fields.includes('email')
  }

  #indexOf(email: string): string {
    return this.#index === undefined ? email : this.#index.of(email)
  }

  #placeOf(row: number): RowPlace {
    return { schema: this.#schema, table: 'users', row }
  }
}

/** A profile of a process without `encryptedFields`: encrypted fields are a failure. */
export function openPlain(stored: StoredUser): Result<User, EncryptionFailed> {
  const [field] = Object.keys(stored.sealed ?? {})
  return field === undefined
    ? ok(stored)
    : err(encryptionFailed('not-configured', `users.${field}`))
}

/**
 * Whether a release that knows nothing of encrypted fields has cached a profile that has some: its
 * row tells more.
 */
export function isTruncated({ sealed, email, fullName }: StoredUser): boolean {
  return sealed === undefined && (isBlind(email) || fullName === mark)
}

function hasClearText({ sealed, ...user }: StoredUser, field: EncryptedUserField): boolean {
  return sealed?.[field] === undefined && user[field] !== null
}
