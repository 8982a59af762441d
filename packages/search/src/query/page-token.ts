import { err, hash32, invalidField, ok } from '@headwater/core'
import type { InvalidInput, Result } from '@headwater/core'
import type { Ranking } from './fuse.ts'

/**
 * How many courses each leg is asked for: more than are shown, since PostgreSQL may deny some, and
 * four times as many when those do not do.
 */
export const depths = [50, 200, 800] as const

/** Where a page begins. */
export interface PagePosition {
  /** The depth at which the first page began. */
  readonly depth: number
  /** How many courses of the ranking the pages before have used up, shown or denied. */
  readonly offset: number
  /** The last course that was used up. */
  readonly lastId: number
  /** How many courses the pages before have shown. */
  readonly shown: number
}

/**
 * A text that stands for the position and is good for this question only. Says nothing that the
 * answers did not say.
 */
export function pageToken(
  question: unknown,
  { depth, offset, lastId, shown }: PagePosition,
): string {
  return Buffer.from(
    JSON.stringify([fingerprint(question), depth, offset, lastId, shown]),
  ).toString('base64url')
}

/** Reads a token: `invalid-input` when it is none, or belongs to another question. */
export function readPageToken(
  question: unknown,
  token: string,
): Result<PagePosition, InvalidInput> {
  const parts = partsOf(token)
  if (parts === undefined) return err(invalidField('page', 'is not the nextPage of a result'))
  const [asked, depth, offset, lastId, shown] = parts
  if (asked !== fingerprint(question))
    return err(invalidField('page', 'belongs to another query or to other filters'))
  return ok({ depth, offset, lastId, shown })
}

/** Where a page begins that comes after so many courses of a ranking. */
export function positionAfter(
  found: Ranking,
  { offset, ...position }: Omit<PagePosition, 'lastId'>,
): PagePosition {
  return { ...position, offset, lastId: idBefore(found, offset) ?? 0 }
}

/**
 * Where the page begins in the ranking as it is now: after the last course that was used up, or as
 * far down where that is gone.
 */
export function beginningOf(found: Ranking, { offset, lastId }: PagePosition): number {
  if (idBefore(found, offset) === lastId) return offset
  const place = found.slice(0, found.length).findIndex(({ id }) => id === lastId)
  return place === -1 ? offset : place + 1
}

function idBefore(found: Ranking, place: number): number | undefined {
  return place === 0 ? undefined : found.slice(place - 1, place)[0]?.id
}

/** Who forges one gets what they may ask for anyway, so it need not withstand anybody. */
function fingerprint(question: unknown): string {
  return hash32(JSON.stringify(question)).toString(36)
}

type Parts = readonly [asked: string, depth: number, offset: number, lastId: number, shown: number]

function partsOf(token: string): Parts | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    return isParts(parts) ? parts : undefined
  } catch {
    return undefined
  }
}

function isParts(parts: unknown): parts is Parts {
  if (!Array.isArray(parts) || parts.length !== 5 || typeof parts[0] !== 'string') return false
  const [, depth, ...counts] = parts as readonly unknown[]
  return (
    depths.some((known) => known === depth) &&
    counts.every((count) => Number.isSafeInteger(count) && Number(count) >= 0)
  )
}
