import { checkOptions, invalidOption, once, strictOptions } from '@headwater/core'
import * as z from 'zod/mini'
import { checkKeyRing, isKey } from './key-ring.ts'
import type { KeyRingSource } from './key-ring.ts'

/** A field of a profile that can be encrypted. */
export type EncryptedUserField = 'email' | 'fullName'

/** A field of an activity that can be encrypted. */
export type EncryptedActivityField = 'ipAddress' | 'userAgent' | 'referrer'

/** Fields that are encrypted wherever they are stored, and the keys. */
export interface EncryptionOptions {
  /**
   * Fields of profiles: in PostgreSQL, in the cache and in the near tier.
   *
   * @defaultValue `[]`
   */
  readonly users?: readonly EncryptedUserField[]
  /**
   * Fields of activity: in MongoDB, and wherever activity waits for it.
   *
   * @defaultValue `[]`
   */
  readonly activity?: readonly EncryptedActivityField[]
  /**
   * The keys. Each field is encrypted with a key of its own, derived from these.
   */
  readonly keyRing: KeyRingSource
  /**
   * The key by which addresses are found and kept unique where `users` names `email`, and where
   * other processes encrypt them already, or still: 32 bytes or more. It stays the same when the
   * keys of the ring change.
   *
   * @defaultValue none
   */
  readonly indexKey?: Uint8Array
  /**
   * What a named field may hold: `'read'` takes texts that are not encrypted yet as they are.
   * `'refuse'` makes them failures, and no statement looks for an address in clear text.
   *
   * @defaultValue `'read'`
   */
  readonly clearText?: 'read' | 'refuse'
}

/** The defaults of {@link EncryptionOptions}. */
export const encryptionDefaults = { users: [], activity: [], clearText: 'read' } as const

/** Options with every default filled in. */
export type CheckedEncryption = Required<Omit<EncryptionOptions, 'indexKey'>> &
  Pick<EncryptionOptions, 'indexKey'>

const rules = once(() =>
  z.object({
    encryptedFields: strictOptions<EncryptionOptions>({
      users: z.array(z.enum(['email', 'fullName'], 'expected email or fullName')),
      activity: z.array(
        z.enum(['ipAddress', 'userAgent', 'referrer'], 'expected ipAddress, userAgent or referrer'),
      ),
      keyRing: z.unknown(),
      indexKey: z.optional(z.unknown()),
      clearText: z.enum(['read', 'refuse'], 'expected read or refuse'),
    }),
  }),
)

/**
 * Fills in the defaults; `undefined` when nothing is to be encrypted.
 *
 * @throws InvalidOptions when an option breaks a rule; the message shows no key.
 */
export function checkEncryptionOptions(
  options: EncryptionOptions | undefined,
): CheckedEncryption | undefined {
  if (options === undefined) return undefined
  const { encryptedFields: checked } = checkOptions('createRepositories', rules(), {
    encryptedFields: { ...encryptionDefaults, ...options },
  })
  checkKeyRing(checked.keyRing)
  const isMissing = checked.indexKey === undefined
  if (isMissing ? checked.users.includes('email') : !isKey(checked.indexKey))
    throw invalidOption(
      'createRepositories',
      'encryptedFields.indexKey',
      'expected 32 bytes or more, and one where users names email',
      undefined,
    )
  return checked
}
