import { isRowId } from '@headwater/core'
import type * as z from 'zod/mini'
import { isText } from '../../input.ts'
import type { searchLogInput } from '../activity-input.ts'
import { hasOnly, isPlainObject } from '../safe-json.ts'

/** A search that breaks no rule; nothing in it belongs to the caller. */
export type CheckedSearch = z.output<ReturnType<typeof searchLogInput>>

type CheckedHit = NonNullable<CheckedSearch['hits']>[number]

const searchFields = new Set([
  'searchId',
  'userId',
  'query',
  'resultsCount',
  'searchType',
  'durationMs',
  'isCached',
  'hits',
])
const hitFields = new Set(['courseId', 'position', 'dense', 'lexical', 'rerank'])

/** The ids that `randomUUID` makes; the schema takes others as well. */
const randomId = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/

/**
 * The rules of `searchLogInput`, written by hand for the path that every search takes: a copy of
 * the search; `undefined` when the schema must be asked.
 */
export function acceptSearch(search: unknown): CheckedSearch | undefined {
  try {
    return isPlainObject(search) && hasOnly(search, searchFields) ? accepted(search) : undefined
  } catch {
    // A getter or a proxy may throw.
    return undefined
  }
}

function accepted({
  searchId,
  userId,
  query,
  resultsCount,
  searchType,
  durationMs,
  isCached,
  hits,
}: Readonly<Record<string, unknown>>): CheckedSearch | undefined {
  if (typeof searchId !== 'string' || !randomId.test(searchId)) return undefined
  if (userId !== undefined && userId !== null && !isRowId(userId)) return undefined
  if (!isText(query, 1_000) || !isText(searchType, 50)) return undefined
  if (!isCount(resultsCount) || !isDuration(durationMs)) return undefined
  if (typeof isCached !== 'boolean' || !Array.isArray(hits) || hits.length > 1_000) return undefined
  const checked: CheckedHit[] = []
  for (const hit of hits) {
    const copy = acceptedHit(hit)
    if (copy === undefined) return undefined
    checked.push(copy)
  }
  return { searchId, userId, query, resultsCount, searchType, durationMs, isCached, hits: checked }
}

function acceptedHit(hit: unknown): CheckedHit | undefined {
  if (!isPlainObject(hit) || !hasOnly(hit, hitFields)) return undefined
  const { courseId, position, dense, lexical, rerank } = hit
  if (!isRowId(courseId) || !isRank(position)) return undefined
  if (!isRankOrAbsent(dense) || !isRankOrAbsent(lexical) || !isRankOrAbsent(rerank))
    return undefined
  return { courseId, position, dense, lexical, rerank }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isDuration(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) >= 0
}

function isRank(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}

function isRankOrAbsent(value: unknown): value is number | undefined {
  return value === undefined || isRank(value)
}
