import { tagNonceOf } from '../invalidation/tags.ts'
import {
  isBeforeExpiry,
  isBeforeSoftExpiry,
  isOfServer,
  nonceOf,
  softDigitsOf,
  stateOf,
  tagNoncesOf,
} from './entry.ts'
import type { BatchReply } from './batch-get.ts'
import type { SeenValue } from './lease.ts'

/**
 * What a look at a key found out.
 *
 * A string is a value that answers as it stands; most looks end so, and make no object. `stale`: a
 * value that is to be loaded anew; it answers meanwhile while `isAlive`, later only while its
 * source is down; `isClaimed` while somebody loads it. `miss`: it has to be loaded; `seen` is a
 * value that cannot be used. `pass`: the cache may neither answer nor be filled.
 */
export type Look = string | Stale | Miss | Pass

interface Stale {
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

/** The look of somebody whom the cache can neither serve nor be filled by. */
export interface Pass {
  readonly kind: 'pass'
  readonly reason: string
}

/** Why a key has to be loaded. */
export type MissReason = 'absent' | 'leased' | 'foreign' | 'other-server' | 'tag-invalidated'

/** The look of somebody who may not look. */
export const gateClosed: Pass = { kind: 'pass', reason: 'gate-closed' }

/** Judges what Redis said about the key of a slot and its tags. */
export function judge(reply: BatchReply, slot: number, tagSlots: readonly number[]): Look {
  if (reply.runId === undefined)
    return { kind: 'pass', reason: reply.error?.type ?? 'server-unknown' }
  const raw = reply.values[slot]
  switch (stateOf(raw)) {
    case 'value':
      return judgeValue(raw as string, reply, tagSlots)
    case 'hold':
      return { kind: 'pass', reason: 'held' }
    case 'absent':
      return { kind: 'miss', seen: undefined, reason: 'absent' }
    case 'lease':
      return { kind: 'miss', seen: undefined, reason: 'leased' }
    case 'foreign':
      return { kind: 'miss', seen: undefined, reason: 'foreign' }
  }
}

/** A value that a reader cannot use as it is, to be loaded anew and kept until then. */
export function keepMeanwhile(raw: string, until: string): SeenValue {
  return { nonce: nonceOf(raw), keep: { soft: softDigitsOf(raw), until } }
}

/** Whether the cache may neither answer nor be filled. */
export function isPass(look: Look): look is Pass {
  return typeof look !== 'string' && look.kind === 'pass'
}

/** Whether a look saw a value that answers only while its source is down. */
export function isExpired(look: Look): look is Stale {
  return typeof look !== 'string' && look.kind === 'stale' && !look.isAlive
}

/** The value that a look saw, fresh or not. */
export function valueSeen(look: Look): string | undefined {
  if (typeof look === 'string') return look
  return look.kind === 'stale' ? look.raw : undefined
}

function judgeValue(raw: string, reply: BatchReply, tagSlots: readonly number[]): Look {
  const { runId, at } = reply
  if (!isOfServer(raw, runId as string))
    return { kind: 'miss', seen: undefined, reason: 'other-server' }
  if (tagSlots.length > 0) {
    const tags = tagSlots.map((slot) => reply.values[slot])
    if (tags.some((tag) => stateOf(tag) === 'hold')) return { kind: 'pass', reason: 'tag-held' }
    if (!areTagsUnchanged(tagNoncesOf(raw), tags))
      return { kind: 'miss', seen: { nonce: nonceOf(raw) }, reason: 'tag-invalidated' }
  }
  const isAlive = isBeforeExpiry(at, raw)
  const isClaimed = isBeforeSoftExpiry(at, raw)
  return isAlive && isClaimed ? raw : { kind: 'stale', raw, isAlive, isClaimed }
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
