import type { CheckedOptions } from './checked-options.ts'
import type { Loaded } from './codec.ts'
import { writeEntry } from './entry.ts'

/** The text of an entry that is about to be stored, and its life in Redis in milliseconds. */
export interface NewEntry {
  readonly entry: string
  readonly lifeMs: number
}

/** The fill of a load that has nothing to store: it only ends the lease. */
export const emptyFill: NewEntry = { entry: '', lifeMs: 1 }

/** Circumstances of a load that end up in the entry. */
export interface EntrySource {
  /** Names the entry. */
  readonly nonce: string
  /** What the process trusted when it was granted the lease. */
  readonly cacheId: string
  /** The nonces of the tags when the load began. */
  readonly tagNonces: readonly string[]
  /** The time, in milliseconds since the epoch. */
  readonly now: number
}

/**
 * Life of an entry in milliseconds, as the host wants it; `NaN` when the host's function throws.
 */
export function lifeOf<Id, Value>(
  { ttlMs, absentTtlMs, entryTtlMs }: CheckedOptions<Id, Value>,
  id: Id,
  { value }: Loaded<Value>,
): number {
  if (value === undefined) return absentTtlMs
  try {
    return entryTtlMs?.(value, id) ?? ttlMs
  } catch {
    // A mistake in `entryTtlMs` costs the entry its place in the cache, not the reader the value.
    return Number.NaN
  }
}

/** Why a loaded row is not stored; `undefined` when it is. */
export function refusalOf(
  lifeMs: number,
  payload: string | undefined,
  maxEntryLength: number,
): string | undefined {
  if (!Number.isFinite(lifeMs) || lifeMs < 0) return `its time to live is ${lifeMs}`
  if (lifeMs < 1) return 'its time to live is 0'
  if (payload !== undefined && payload.length > maxEntryLength)
    return `it has ${payload.length} characters`
  return undefined
}

/** Writes the entry of a loaded row. */
export function newEntry<Id, Value>(
  { graceMs, refreshAt }: CheckedOptions<Id, Value>,
  { payload }: Loaded<Value>,
  { lifeMs, source }: { lifeMs: number; source: EntrySource },
): NewEntry {
  const { nonce, cacheId, tagNonces, now } = source
  const isPresent = payload !== undefined
  // The soft expiry is jittered so that entries which were filled together are not refreshed
  // together.
  const softMs = isPresent && refreshAt < 1 ? lifeMs * (refreshAt - Math.random() * 0.1) : lifeMs
  const entry = writeEntry({
    nonce,
    cacheId,
    softExpiryMs: now + softMs,
    expiresMs: now + lifeMs,
    tagNonces,
    payload,
  })
  return { entry, lifeMs: lifeMs + (isPresent ? graceMs : 0) }
}
