import { CallBudget, err, ok } from '@headwater/core'
import type { Result, ResultAsync, SqlError, Stores } from '@headwater/core'
import { filterValues } from './course-queries.ts'
import { heldValues, needsMarked } from './found-conditions.ts'
import type { MatchedCourse } from './fusion/fuse-by-evidence.ts'
import type { LegQuery } from './legs.ts'
import { meantQuery } from '../spelling/meant-query.ts'
import { selectMatchingCourses } from './lexical-queries.ts'
import type { WordStatement } from './lexical-queries.ts'
import { configurationsFor } from '../spelling/languages.ts'
import type { Doubt, OtherConfigurations } from '../spelling/languages.ts'
import { plainWords, queryWords } from '../spelling/query-words.ts'
import { partsOf } from '../typed/query-parts.ts'
import type { Synonym } from '../spelling/query-words.ts'
import type { QueryParts } from '../typed/query-parts.ts'
import { searchText } from '../spelling/search-text.ts'
import { isRefusal } from '../spelling/refusal.ts'
import type { Corrections, Spelling } from '../spelling/spelling.ts'
import { wordQueries } from './word-queries.ts'
import type { Synonyms } from '../spelling/synonyms.ts'
import type { WordSources } from '../spelling/word-sources.ts'

/** Dependencies of the lexical leg. */
export interface LexicalLegDeps {
  readonly stores: Stores
  readonly spelling: Spelling
  readonly sources: WordSources
  /** Synonyms of the host, if it has any. */
  readonly synonyms?: Synonyms | undefined
  /**
   * The configurations of the catalogue besides `english`.
   *
   * @defaultValue none
   */
  readonly configurations?: OtherConfigurations
  /** Whether these are a guess. */
  readonly doubt?: Doubt | undefined
}

/** A row of {@link selectMatchingCourses}. */
interface MatchingCourse {
  readonly id: number
  readonly score: number
  readonly coverage: number
  /** Whether it has a word of the query that is not a number. */
  readonly has_word: boolean
  readonly has_all: boolean
}

/** With less of the query, a course has only words that every text has. */
const leastCoverage = 0.05

/** What the lexical leg found. */
export interface FoundByWords {
  /** The courses, best first. */
  readonly found: readonly MatchedCourse[]
  /** The query with its misspelt words corrected; `undefined` where none was. */
  readonly didYouMean?: string
  /**
   * Whether a correction failed or was late: the next search may find more. `refused` where every
   * search fails in it, until somebody changes the database.
   */
  readonly isPartial?: true | 'refused'
}

/**
 * Finds courses by their words, with PostgreSQL's full text search: 1 round trip. When no course
 * has all the words, the unknown ones are corrected: 2 more round trips, a third to search again,
 * and a fourth for the spelling of titles. When the corrections are late, the words count as they
 * are, and the answer is partial. A course that has only common words or numbers of a query with
 * others is not found.
 */
export async function searchByWords(
  deps: LexicalLegDeps,
  query: LegQuery,
): Promise<Result<FoundByWords, SqlError>> {
  const { stores, spelling } = deps
  const budget = new CallBudget(stores.clock, { deadlineMs: query.deadlineMs })
  const parts = partsOf(query.query)
  const asTyped = await select(deps, query, { parts, budget })
  if (asTyped.isErr()) return err(asTyped.error)
  if (asTyped.value.some(({ has_all: hasAll }) => hasAll)) return ok(answered(asTyped.value))
  let partial: Pick<FoundByWords, 'isPartial'> = {}
  const onFailure = (error: SqlError): void => {
    stores.diagnostics.emit('search:degraded', { leg: 'lexical', error })
    partial = { isPartial: isRefusal(error) && partial.isPartial !== true ? 'refused' : true }
  }
  const limits = { ...budget.left(), configurations: deps.configurations }
  const corrections = await spelling.correctionsOf(doubtful(deps, query, parts), limits)
  if (corrections.isErr()) onFailure(corrections.error)
  const known = corrections.unwrapOr(new Map() as Corrections)
  if (known.size === 0) return ok({ ...answered(asTyped.value), ...partial })
  const corrected = await select(deps, query, { parts, budget, corrections: known })
  if (corrected.isErr()) {
    onFailure(corrected.error)
    return ok({ ...answered(asTyped.value), ...partial })
  }
  const isGuess = asTyped.value.length === 0 && known.size === 1
  const found = isGuess ? corrected.value.filter(hasMost) : corrected.value
  if (query.isTyped !== true) return ok(answered(found))
  const meant = await meantQuery(spelling, {
    query: query.query,
    corrections: known,
    found: found.map(({ id }) => id),
    search: (another) => havingAll(deps, { ...query, trace: undefined, query: another }, budget),
    budget,
    onFailure,
  })
  return ok({ ...answered(found), ...meant, ...partial })
}

/** The courses with every word of a query. */
async function havingAll(
  deps: LexicalLegDeps,
  query: LegQuery,
  budget: CallBudget,
): Promise<Result<readonly number[], SqlError>> {
  const rows = await select(deps, query, { parts: partsOf(query.query), budget })
  return rows.map((all) => all.filter(({ has_all: hasAll }) => hasAll).map(({ id }) => id))
}

/** The words that may be misspelt: the host knows those that have synonyms. */
function doubtful(deps: LexicalLegDeps, query: LegQuery, parts: QueryParts): readonly string[] {
  const known = queryWords(parts.text, undefined, synonymsOf(deps, query, parts))
    .filter(({ synonyms }) => synonyms.length > 0)
    .flatMap((word) => word.parts)
  return plainWords(parts.text).filter((word) => !known.includes(word))
}

function synonymsOf(
  { synonyms }: LexicalLegDeps,
  { isTyped }: LegQuery,
  parts: QueryParts,
): readonly (readonly Synonym[])[] | undefined {
  return isTyped === true ? synonyms?.of(parts) : undefined
}

function answered(rows: readonly MatchingCourse[]): FoundByWords {
  return { found: rows.map(ranked) }
}

interface Asked {
  readonly parts: QueryParts
  readonly budget: CallBudget
  readonly corrections?: Corrections
}

function select(
  deps: LexicalLegDeps,
  query: LegQuery,
  { parts, budget, corrections }: Asked,
): ResultAsync<readonly MatchingCourse[], SqlError> {
  const { stores, sources } = deps
  const { filters, depth, trace } = query
  const asked = queryWords(parts.text, corrections, synonymsOf(deps, query, parts))
  const words = wordQueries(asked)
  const hasSynonyms = words.synonyms.some((synonym) => synonym !== null)
  const held = heldValues(parts)
  const { phrases, excluded } = held
  const isFiltered = Object.keys(filters).length > 0
  const values = [
    searchText(parts.text),
    ...[words.each, words.spellings, words.unfinished, words.exact, words.title],
    ...[phrases, excluded, depth],
    ...(isFiltered ? filterValues(filters) : []),
    ...(hasSynonyms ? [words.synonyms] : []),
  ]
  return sources.use((source) => {
    const others = source === 'search_words' ? (deps.configurations ?? []) : []
    const configurations = configurationsFor(filters.language, others)
    const texts = { phrases, excluded, configurations }
    const statement = { source, isFiltered, hasSynonyms, ...texts, ...boundsAt(depth) }
    const all = [
      ...values,
      ...(configurations.length > 0 ? [words.marked] : []),
      ...(needsMarked(texts) ? [held.marked] : []),
    ]
    const text = selectMatchingCourses(statement)
    return stores.postgres.query<MatchingCourse>(text, all, budget.left()).map(({ rows }) => {
      trace?.note({ words: { asked, phrases, excluded, corrections, rows } })
      return rows.filter(isMatch)
    })
  })
}

/** More than are asked for, so that the best are among them; few enough for the commonest words. */
function boundsAt(depth: number): Pick<WordStatement, 'maxRanked' | 'maxElsewhere'> {
  return { maxRanked: Math.max(300, 2 * depth), maxElsewhere: 2 * depth }
}

function isMatch({ coverage, has_word: hasWord, has_all: hasAll }: MatchingCourse): boolean {
  return hasAll || (hasWord && coverage >= leastCoverage)
}

/** One word that may be misspelt, beside others that are unknown, says little. */
function hasMost({ coverage, has_all: hasAll }: MatchingCourse): boolean {
  return hasAll || coverage > 0.5
}

function ranked({ id, score, coverage, has_all: hasAll }: MatchingCourse): MatchedCourse {
  return { id, score, coverage, hasAll }
}
