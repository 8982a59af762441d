import { err, hash32, invalidField, ok } from '@headwater/core'
import type { InvalidInput, Result } from '@headwater/core'
import type { Ranking } from '../fusion/fuse.ts'

/**
 * The number of courses each leg is asked for. It is more than a page shows, since PostgreSQL may
 * deny some; when too few remain, it is four times as many.
 */
export const depths = [50, 200, 800] as const

/** The greatest depth: no search looks further. */
export const deepest = depths[2]

/** The key of a last course that is pinned: then all that were used up are. */
export const amongPins = 'pinned'

/** The start of a page. */
export interface PagePosition {
  /** The search that the page belongs to. */
  readonly searchId: string
  /** The depth of the first page. */
  readonly depth: number
  /** Courses of the ranking that earlier pages have used up, shown or denied. */
  readonly offset: number
  /** The last course that was used up. */
  readonly lastId: number
  /** Courses that earlier pages have shown. */
  readonly shown: number
  /**
   * Where the last course stands in an order other than by relevance; by relevance {@link
   * amongPins}, if it is pinned.
   */
  readonly key?: string
}

/**
 * Writes a position as an opaque text, valid for this question only. It says nothing that the
 * results did not say.
 */
export function encodeCursor(
  question: unknown,
  { searchId, depth, offset, lastId, shown, key }: PagePosition,
): string {
  const position = [fingerprint(question), searchId, depth, offset, lastId, shown]
  return Buffer.from(JSON.stringify(key === undefined ? position : [...position, key])).toString(
    'base64url',
  )
}

/** Reads a cursor: `invalid-input` when it is malformed or belongs to another question. */
export function decodeCursor(
  question: unknown,
  cursor: string,
): Result<PagePosition, InvalidInput> {
  const fields = fieldsOf(cursor)
  if (fields === undefined) return err(notACursor)
  const [asked, searchId, depth, offset, lastId, shown, key] = fields
  if (asked !== fingerprint(question))
    return err(invalidField('cursor', 'belongs to another query, or to other filters or orders'))
  return ok({ searchId, depth, offset, lastId, shown, ...(key === undefined ? {} : { key }) })
}

/** The failure of a cursor that no search has returned. */
export const notACursor: InvalidInput = invalidField('cursor', 'is not the nextCursor of a result')

/** The start of the page after this many courses of a ranking. */
export function positionAfter(
  found: Ranking,
  { offset, ...position }: Omit<PagePosition, 'lastId' | 'key'>,
  pinned: readonly number[],
): PagePosition {
  const lastId = idBefore(found, offset) ?? 0
  return { ...position, offset, lastId, ...(pinned.includes(lastId) ? { key: amongPins } : {}) }
}

/**
 * The index at which a page starts in the current ranking: after the last course that was used up,
 * or at the same offset when that course is gone. Without the pins that were used up, at 0: the
 * place of a pinned course in the ranking itself says nothing about the others.
 */
export function startOf(found: Ranking, { offset, lastId, key }: PagePosition): number {
  if (idBefore(found, offset) === lastId) return offset
  if (key === amongPins) return 0
  const index = found.slice(0, found.length).findIndex(({ id }) => id === lastId)
  return index === -1 ? offset : index + 1
}

function idBefore(found: Ranking, index: number): number | undefined {
  return index === 0 ? undefined : found.slice(index - 1, index)[0]?.id
}

/** No secret: a forged cursor shows nothing that its caller could not ask for. */
function fingerprint(question: unknown): string {
  return hash32(JSON.stringify(question)).toString(36)
}

type Fields = readonly [
  asked: string,
  searchId: string,
  depth: number,
  offset: number,
  lastId: number,
  shown: number,
  key?: string,
]

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function fieldsOf(cursor: string): Fields | undefined {
  try {
    const fields: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return areFields(fields) ? fields : undefined
  } catch {
    return undefined
  }
}

function areFields(fields: unknown): fields is Fields {
  if (!Array.isArray(fields) || fields.length < 6 || fields.length > 7) return false
  const [asked, searchId, depth, offset, lastId, shown, key = ''] = fields as readonly unknown[]
  return (
    typeof asked === 'string' &&
    typeof searchId === 'string' &&
    uuid.test(searchId) &&
    depths.some((known) => known === depth) &&
    [offset, lastId, shown].every((count) => Number.isSafeInteger(count) && Number(count) >= 0) &&
    typeof key === 'string'
  )
}
