import { tagNonceOf } from '../invalidation/tags.ts'
import { expiryOf, isAbsentRow, isOfServer, nonceOf, payloadOf, softDigitsOf, softExpiryOf, stateOf, tagNoncesOf } from './entry.ts'
import type { BatchReply } from './batch-get.ts'
import type { SeenValue } from './lease.ts'

/**
 * What a look at a key found out.
 *
 * `hit`: this answers; `isSoft` when it is time to load it anew. `expired`: it answers only while its source is down; `isClaimed` while somebody loads it.
 * `miss`: it has to be loaded; `seen` is a value that cannot be used. `pass`: the cache may neither answer nor be filled.
 */
export type Look =
  | { readonly kind: 'hit' | 'expired'; readonly raw: string; readonly isSoft: boolean; readonly isClaimed: boolean }
  | { readonly kind: 'miss'; readonly seen: SeenValue | undefined; readonly reason: MissReason }
  | { readonly kind: 'pass'; readonly reason: string }

/** Why a key has to be loaded. */
export type MissReason = 'absent' | 'leased' | 'foreign' | 'other-server' | 'tag-invalidated'

/** The look of somebody who may not look. */
export const gateClosed: Look = { kind: 'pass', reason: 'gate-closed' }

/** Where a key and its tags are in a reply. */
export interface Place {
  /** Slot of the key. */
  readonly slot: number
  /** Slots of its tags. */
  readonly tagSlots: readonly number[]
}

/**
 * Judges what Redis said about one key and its tags.
 */
export function judge(reply: BatchReply, { slot, tagSlots }: Place, nowMs: number): Look {
  if (reply.runId === undefined) return { kind: 'pass', reason: reply.error?.type ?? 'server-unknown' }
  const raw = reply.values[slot]
  switch (stateOf(raw)) {
    case 'value': return judgeValue(raw as string, { reply, tagSlots, runId: reply.runId, nowMs })
    case 'hold': return { kind: 'pass', reason: 'held' }
    case 'absent': return { kind: 'miss', seen: undefined, reason: 'absent' }
    case 'lease': return { kind: 'miss', seen: undefined, reason: 'leased' }
    case 'foreign': return { kind: 'miss', seen: undefined, reason: 'foreign' }
  }
}

/**
 * A value that a reader cannot use as it is, to be loaded anew and kept until then.
 */
export function keepMeanwhile(raw: string, until: string): SeenValue {
  return { nonce: nonceOf(raw), keep: { soft: softDigitsOf(raw), until } }
}

/**
 * The JSON of a value; `undefined` when it says that there is no such row.
 */
export function jsonOf(raw: string): string | undefined {
  return isAbsentRow(raw) ? undefined : payloadOf(raw)
}

interface Surroundings {
  readonly reply: BatchReply
  readonly tagSlots: readonly number[]
  readonly runId: string
  readonly nowMs: number
}

function judgeValue(raw: string, { reply, tagSlots, runId, nowMs }: Surroundings): Look {
  if (!isOfServer(raw, runId)) return { kind: 'miss', seen: undefined, reason: 'other-server' }
  if (tagSlots.length > 0) {
    const tags = tagSlots.map((slot) => reply.values[slot])
    if (tags.some((tag) => stateOf(tag) === 'hold')) return { kind: 'pass', reason: 'tag-held' }
    if (!areTagsUnchanged(tagNoncesOf(raw), tags)) return { kind: 'miss', seen: { nonce: nonceOf(raw) }, reason: 'tag-invalidated' }
  }
  if (nowMs < softExpiryOf(raw)) return nowMs < expiryOf(raw) ? { kind: 'hit', raw, isSoft: false, isClaimed: false } : { kind: 'expired', raw, isSoft: false, isClaimed: true }
  return { kind: nowMs < expiryOf(raw) ? 'hit' : 'expired', raw, isSoft: true, isClaimed: false }
}

/**
 * Whether tags still have the nonces under which an entry was loaded.
 */
export function areTagsUnchanged(nonces: readonly string[], tags: readonly (string | null | undefined)[]): boolean {
  return nonces.length === tags.length && nonces.every((nonce, index) => nonce === tagNonceOf(tags[index]))
}
