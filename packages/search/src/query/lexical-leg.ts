import { CallBudget, err, ok } from '@headwater/core'
import type { Result, ResultAsync, SqlError, Stores } from '@headwater/core'
import { selectMatchingCourses } from './lexical-queries.ts'
import type { MatchingCourse } from './lexical-queries.ts'
import type { RankedCourse } from './fuse.ts'
import type { LegQuery } from './legs.ts'
import { wordQueries, wordsOf } from '../spelling/query-words.ts'
import type { WordQueries } from '../spelling/query-words.ts'
import type { Corrections, Spelling } from '../spelling/spelling.ts'

/** What the lexical leg works with. */
export interface LexicalLegParts {
  readonly stores: Stores
  readonly spelling: Spelling
}

/**
 * Finds courses by their words, with PostgreSQL's full text search: 1 round trip. Where no course
 * has all the words, those that no course has are corrected: 2 round trips, and one more when some
 * were. Without an answer about spelling in time the words count as they are.
 */
export async function searchByWords(
  { stores, spelling }: LexicalLegParts,
  query: LegQuery,
): Promise<Result<readonly RankedCourse[], SqlError>> {
  const budget = new CallBudget(stores.clock, { deadlineMs: query.deadlineMs })
  const words = wordsOf(query.query)
  const asTyped = await select({ stores, budget }, query, words && wordQueries(words))
  if (asTyped.isErr()) return err(asTyped.error)
  if (words === undefined || asTyped.value.some(({ has_all: hasAll }) => hasAll))
    return ok(asTyped.value.map(ranked))
  const corrections = await spelling.correctionsOf(words, budget.left())
  if (corrections.isErr())
    stores.diagnostics.emit('search:degraded', { leg: 'lexical', error: corrections.error })
  const known = corrections.unwrapOr(new Map() as Corrections)
  if (known.size === 0) return ok(asTyped.value.map(ranked))
  const corrected = await select({ stores, budget }, query, wordQueries(words, known))
  return ok(corrected.unwrapOr(asTyped.value).map(ranked))
}

function select(
  { stores, budget }: { readonly stores: Stores; readonly budget: CallBudget },
  { query, filters, depth }: LegQuery,
  words: WordQueries | undefined,
): ResultAsync<readonly MatchingCourse[], SqlError> {
  const { category, difficulty, instructorId, minPrice, maxPrice, hasSeats = false } = filters
  const values = [
    query,
    words?.all,
    words?.each,
    category,
    difficulty,
    instructorId,
    minPrice,
    maxPrice,
    hasSeats,
    depth,
  ]
  return stores.postgres
    .query<MatchingCourse>(
      selectMatchingCourses,
      values.map((value) => value ?? null),
      budget.left(),
    )
    .map(({ rows }) => rows)
}

function ranked({ id, score }: MatchingCourse): RankedCourse {
  return { id, score }
}
