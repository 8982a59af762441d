import type { Failure } from '@headwater/core'

/**
 * Why a field could not be read or written. `key-missing`: the key ring has no such key.
 * `key-ring-invalid`: its function threw, or returned no key ring. `altered`: the text was changed,
 * or belongs to another row, field or schema, or the key is another one of the same id.
 * `clear-text`: it is not encrypted, and `clearText` refuses that. `not-configured`: it is
 * encrypted, and the process has no `encryptedFields`.
 */
export type EncryptionFailedReason =
  'key-missing' | 'key-ring-invalid' | 'altered' | 'clear-text' | 'not-configured'

/** An encrypted field could not be read or written: nothing is known of its text. */
export interface EncryptionFailed extends Failure<'encryption-failed'> {
  /** Why. */
  readonly reason: EncryptionFailedReason
  /** The field, for instance `users.email`. */
  readonly field: string
  /** The id of the key, where it is known. */
  readonly keyId?: string
}

/** The failure of a field, with the id of its key where that is known. */
export function encryptionFailed(
  reason: EncryptionFailedReason,
  field: string,
  keyId?: string,
): EncryptionFailed {
  return {
    type: 'encryption-failed',
    message: `${field}: ${wordsOf(reason, keyId)}`,
    retryable: false,
    reason,
    field,
    ...(keyId === undefined ? {} : { keyId }),
  }
}

function wordsOf(reason: EncryptionFailedReason, keyId = ''): string {
  switch (reason) {
    case 'key-missing':
      return `the key ring has no key ${JSON.stringify(keyId)}`
    case 'key-ring-invalid':
      return 'the function of the key ring threw, or what it returned is no key ring'
    case 'altered':
      return 'the encrypted text was altered, or is of another row, or another key has its id'
    case 'clear-text':
      return 'the text is not encrypted, and `clearText` refuses such texts'
    case 'not-configured':
      return 'the text is encrypted: give this process `encryptedFields`'
  }
}
