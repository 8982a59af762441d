import { CallBudget, err, ok } from '@headwater/core'
import type { Result, ResultAsync, SqlError, Stores } from '@headwater/core'
import { selectMatchingCourses } from './lexical-queries.ts'
import type { MatchingCourse } from './lexical-queries.ts'
import type { RankedCourse } from './fuse.ts'
import type { LegQuery } from './legs.ts'
import { wordQueries, wordsOf } from '../spelling/query-words.ts'
import type { WordQueries } from '../spelling/query-words.ts'
import type { Corrections, Spelling } from '../spelling/spelling.ts'

/** Dependencies of the lexical leg. */
export interface LexicalLegDeps {
  readonly stores: Stores
  readonly spelling: Spelling
}

/**
 * Finds courses by their words, with PostgreSQL's full text search: 1 round trip. When no course
 * has all the words, the unknown ones are corrected: 2 more round trips, and a third to search
 * again. When the corrections are late, the words count as they are.
 */
export async function searchByWords(
  { stores, spelling }: LexicalLegDeps,
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
  const { category, difficulty, instructorId, minPrice, maxPrice, hasSeats } = filters
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
