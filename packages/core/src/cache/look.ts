import { tagNonceOf } from '../invalidation/tags.ts'
import type { BatchReply } from './batch-get.ts'
import {
  isBeforeExpiry,
  isBeforeSoftExpiry,
  isOfCache,
  nonceOf,
  softDigitsOf,
  stateOf,
  tagNoncesOf,
} from './entry.ts'
import type { SeenValue } from './lease.ts'

/**
 * The result of looking at a key.
 *
 * - A string is a value that answers as it stands. Most looks end so, and allocate no object.
 * - `stale`: a value that has to be loaded again. It answers until then while `isAlive`, and later
 *   only while its source is down. `isClaimed` while another reader loads it.
 * - `miss`: a key that has to be loaded. `seen` is a value that cannot be used.
 * - `bypass`: the cache may neither answer nor be filled.
 */
export type Look = string | Stale | Miss | Bypass

/** A value that has to be loaded again. */
export interface Stale {
  readonly kind: 'stale'
  readonly raw: string
  readonly isAlive: boolean
  readonly isClaimed: boolean
}

interface Miss {
  readonly kind: 'miss'
  readonly seen: SeenValue | undefined
  readonly reason: MissReason
}

/** The look of a reader that the cache can neither serve nor be filled by. */
export interface Bypass {
  readonly kind: 'bypass'
  readonly reason: string
}

/** Why a key has to be loaded. */
export type MissReason = 'absent' | 'leased' | 'foreign' | 'other-cache' | 'tag-invalidated'

/** The look of a reader whose process does not trust Redis. */
export const gateClosed: Bypass = { kind: 'bypass', reason: 'gate-closed' }

/** Reads a look from the reply to a batch: the key at `slot` and its tags at `tagSlots`. */
export function readLook(reply: BatchReply, slot: number, tagSlots: readonly number[]): Look {
  if (reply.cacheId === undefined)
    return { kind: 'bypass', reason: reply.error?.type ?? 'server-unknown' }
  const raw = reply.values[slot]
  switch (stateOf(raw)) {
    case 'value':
      return readValue(raw as string, reply, tagSlots)
    case 'hold':
      return { kind: 'bypass', reason: 'held' }
    case 'absent':
    case 'tag':
      return { kind: 'miss', seen: undefined, reason: 'absent' }
    case 'lease':
      return { kind: 'miss', seen: undefined, reason: 'leased' }
    case 'foreign':
      return { kind: 'miss', seen: undefined, reason: 'foreign' }
  }
}

/** Names a value that this reader wants to load again, and claims it against others until then. */
export function claimForRefresh(raw: string, until: string): SeenValue {
  return { nonce: nonceOf(raw), claim: { soft: softDigitsOf(raw), until } }
}

/** Whether the cache may neither answer nor be filled. */
export function isBypass(look: Look): look is Bypass {
  return typeof look !== 'string' && look.kind === 'bypass'
}

/** Whether a look saw a value that answers only while its source is down. */
export function isExpired(look: Look): look is Stale {
  return typeof look !== 'string' && look.kind === 'stale' && !look.isAlive
}

/** The value that a look saw, fresh or stale. */
export function valueSeen(look: Look): string | undefined {
  if (typeof look === 'string') return look
  return look.kind === 'stale' ? look.raw : undefined
}

/** Whether tags still have the nonces under which an entry was loaded. */
export function areTagsUnchanged(
  nonces: readonly string[],
  tags: readonly (string | null | undefined)[],
): boolean {
  return (
    nonces.length === tags.length &&
    nonces.every((nonce, index) => nonce === tagNonceOf(tags[index]))
  )
}

function readValue(raw: string, reply: BatchReply, tagSlots: readonly number[]): Look {
  const { cacheId, at } = reply
  if (!isOfCache(raw, cacheId as string))
    return { kind: 'miss', seen: undefined, reason: 'other-cache' }
  if (tagSlots.length > 0) {
    const tags = tagSlots.map((slot) => reply.values[slot])
    if (tags.some((tag) => stateOf(tag) === 'hold')) return { kind: 'bypass', reason: 'tag-held' }
    if (!areTagsUnchanged(tagNoncesOf(raw), tags))
      return { kind: 'miss', seen: { nonce: nonceOf(raw) }, reason: 'tag-invalidated' }
  }
  const isAlive = isBeforeExpiry(at, raw)
  const isClaimed = isBeforeSoftExpiry(at, raw)
  return isAlive && isClaimed ? raw : { kind: 'stale', raw, isAlive, isClaimed }
}
