import type { Failure } from '@headwater/core'

/**
 * An encrypted field could not be read or written: nothing is known of its text. `key-missing`: the
 * key ring has no such key. `altered`: the text was changed, or belongs to another row, field or
 * schema, or the key is another one of the same id. `not-configured`: the field is encrypted and
 * `encryptedFields` does not name it.
 */
export interface EncryptionFailed extends Failure<'encryption-failed'> {
  /** Why. */
  readonly reason: 'key-missing' | 'altered' | 'not-configured'
  /** The field, for instance `users.email`. */
  readonly field: string
  /** The id of the key, where it is known. */
  readonly keyId?: string
}

/** The failure of a field, with the id of its key where that is known. */
export function encryptionFailed(
  reason: EncryptionFailed['reason'],
  field: string,
  keyId?: string,
): EncryptionFailed {
  return {
    type: 'encryption-failed',
    message: `${field} is encrypted: ${wordsOf(reason, keyId)}`,
    retryable: false,
    reason,
    field,
    ...(keyId === undefined ? {} : { keyId }),
  }
}

function wordsOf(reason: EncryptionFailed['reason'], keyId: string | undefined): string {
  if (reason === 'key-missing') return `the key ring has no key ${JSON.stringify(keyId ?? '')}`
  if (reason === 'not-configured') return 'name it in `encryptedFields`'
  return 'its text was altered, or is of another row, or another key has its id'
}
