import { invalidOption } from '@headwater/core'

/** Keys by their ids. Texts are decrypted with any of them and encrypted with the current one. */
export interface KeyRing {
  /** Id of the key that encrypts. */
  readonly current: string
  /** The keys: 32 bytes or more each, from a source of random bytes. */
  readonly keys: Readonly<Record<string, Uint8Array>>
}

/**
 * A key ring, or a function that is asked for it whenever it is needed: it answers at once, with
 * what was fetched before.
 */
export type KeyRingSource = KeyRing | (() => KeyRing)

/** The form of an id: it stands in every text that its key encrypted. */
export const keyIdForm = /^[\w-]{1,32}$/

/** Bytes of a key, at least. */
export const leastKeyBytes = 32

/**
 * Checks a key ring; one that a function returns is checked at its first use.
 *
 * @throws InvalidOptions when it breaks a rule; the message shows no key.
 */
export function checkKeyRing(source: unknown): KeyRingSource {
  if (typeof source === 'function') return source as () => KeyRing
  const problem = keyRingProblem(source)
  if (problem !== undefined)
    throw invalidOption('createRepositories', 'encryptedFields.keyRing', problem, undefined)
  return source as KeyRing
}

/** The rule that a key ring breaks; `undefined` when it breaks none. */
export function keyRingProblem(ring: unknown): string | undefined {
  const { current, keys } = Object(ring) as { readonly current?: unknown; readonly keys?: unknown }
  const entries = Object.entries(Object(keys) as object) as [string, unknown][]
  if (!entries.every(([id]) => keyIdForm.test(id)))
    return 'expected ids of at most 32 letters, digits, - and _'
  if (!entries.every(([, key]) => isKey(key))) return 'expected keys of 32 bytes or more'
  if (typeof current !== 'string' || !entries.some(([id]) => id === current))
    return 'expected `current` to be the id of a key'
  return undefined
}

/** Whether a value can be a key. */
export function isKey(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length >= leastKeyBytes
}
