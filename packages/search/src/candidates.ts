import { cacheKey, defineCache, err, ok, StatementFailed } from '@headwater/core'
import type { Cache, CacheKey, CacheReadError, Codec, ResultAsync, SqlError, Stores } from '@headwater/core'
import { searchByMeaning } from './dense-leg.ts'
import type { DenseLegParts } from './dense-leg.ts'
import { fuse } from './fuse.ts'
import type { FusedCourse, Leg, LegRank } from './fuse.ts'
import { degradedLeg, notLoaded } from './legs.ts'
import type { DegradedLeg, LegError, LegQuery } from './legs.ts'
import { searchByWords } from './lexical-leg.ts'
import { digest } from './search-request.ts'
import type { SearchFilters } from './search-filters.ts'

/**
 * What was found for a query before PostgreSQL was asked: ids and scores, no courses.
 */
export interface Candidates {
  /** The courses, best first. */
  readonly found: readonly FusedCourse[]
  /** The legs that answered. */
  readonly legs: readonly Leg[]
  /** The legs that failed; only a result without any is cached. */
  readonly degraded: readonly DegradedLeg[]
  /** Whether a leg found as many as it was asked for, so that there may be more. */
  readonly mayHaveMore: boolean
  /** When the legs were asked, in milliseconds since the epoch. */
  readonly askedAtMs: number
}

/**
 * Which candidates are wanted.
 */
export interface CandidateQuery {
  /** The normalised query. */
  readonly query: string
  /** The filters that are set, in their fixed order. */
  readonly filters: SearchFilters
  /** How many courses each leg is asked for. */
  readonly depth: number
}

/**
 * A tag of every cached result: invalidated whenever the index has changed, so that what was published is found.
 */
export const resultsTag: CacheKey = cacheKey('search', 'index')

/**
 * The candidates of a query, under `search:{hash}` for a quarter of an hour. The key speaks of the query, its filters and the generation of
 * the index, not of who asks.
 */
export class CandidateCache {
  readonly #stores: Stores
  readonly #dense: DenseLegParts
  readonly #legDeadlineMs: number
  readonly #cache: Cache<string, Candidates>

  constructor(stores: Stores, dense: DenseLegParts, legDeadlineMs: number) {
    this.#stores = stores
    this.#dense = dense
    this.#legDeadlineMs = legDeadlineMs
    this.#cache = defineCache<string, Candidates>(stores, {
      name: 'search',
      ttlMs: 15 * 60_000,
      graceMs: 5 * 60_000,
      leaseMs: legDeadlineMs + 1_000,
      waitMs: Math.min(500, legDeadlineMs),
      key: (id) => [digest(id)],
      tags: () => [resultsTag],
      codec: candidatesCodec,
      entryTtlMs: ({ degraded }) => degraded.length === 0 ? 15 * 60_000 : 0,
      load: async (ids) => new Map(await Promise.all(ids.map(async (id) => [id, await this.#find(id)] as const))),
    })
  }

  /**
   * The candidates, found anew or in the cache. Fails only when no leg answers and nothing is cached.
   */
  get(query: CandidateQuery): ResultAsync<Candidates, LegError> {
    return this.#cache.get(idOf(query, this.#dense.generation))
      .mapErr(unwrapped)
      .andThen((candidates) => candidates === undefined ? err(notLoaded('search')) : ok(candidates))
  }

  async #find(id: string): Promise<Candidates> {
    const query: LegQuery = { ...queryOf(id), deadlineMs: this.#legDeadlineMs }
    const askedAtMs = this.#stores.clock.now()
    const [dense, lexical] = await Promise.all([searchByMeaning(this.#dense, query), searchByWords(this.#stores, query)])
    if (dense.isErr()) this.#report('dense', dense.error)
    if (lexical.isErr()) this.#report('lexical', lexical.error)
    if (dense.isErr() && lexical.isErr()) throw failureOfBoth(dense.error, lexical.error)
    const legs = {
      ...(dense.isOk() ? { dense: dense.value } : {}),
      ...(lexical.isOk() ? { lexical: lexical.value } : {}),
    }
    return {
      found: fuse(legs),
      legs: Object.keys(legs) as Leg[],
      degraded: [
        ...(dense.isErr() ? [degradedLeg('dense', dense.error)] : []),
        ...(lexical.isErr() ? [degradedLeg('lexical', lexical.error)] : []),
      ],
      mayHaveMore: Object.values(legs).some((found) => found.length >= query.depth),
      askedAtMs,
    }
  }

  #report(leg: Leg, error: LegError): void {
    this.#stores.diagnostics.emit('search:degraded', { leg, error })
  }
}

/** The rejection of a load in which no leg answered. */
class NoLegAnswered extends Error {
  readonly failure: LegError

  constructor(failure: LegError) {
    super(failure.message)
    this.name = 'NoLegAnswered'
    this.failure = failure
  }
}

// PostgreSQL being down is what the cache's grace is for: it knows that by the rejection's class.
function failureOfBoth(dense: LegError, lexical: SqlError): Error {
  const isDown = lexical.type === 'store-unavailable' || lexical.type === 'deadline-exceeded'
  return isDown ? new StatementFailed(lexical) : new NoLegAnswered(dense)
}

function unwrapped(failure: CacheReadError): LegError {
  return failure.type === 'load-failed' && failure.cause instanceof NoLegAnswered ? failure.cause.failure : failure
}

function idOf({ query, filters, depth }: CandidateQuery, generation: string): string {
  return JSON.stringify([query, filters, depth, generation])
}

function queryOf(id: string): CandidateQuery {
  const [query, filters, depth] = JSON.parse(id) as [string, SearchFilters, number]
  return { query, filters, depth }
}

type CompactRank = readonly [rank: number, score: number] | 0
type CompactCourse = readonly [id: number, score: number, dense: CompactRank, lexical: CompactRank]

/** Without field names an entry is a third as long. */
const candidatesCodec: Codec<Candidates> = {
  encode: ({ found, ...rest }) => ({
    ...rest,
    found: found.map(({ id, score, legs }): CompactCourse => [id, score, compact(legs.dense), compact(legs.lexical)]),
  }),
  decode(json) {
    const { found, ...rest } = json as Omit<Candidates, 'found'> & { readonly found: readonly CompactCourse[] }
    return { ...rest, found: found.map(([id, score, dense, lexical]) => ({ id, score, legs: { ...expanded('dense', dense), ...expanded('lexical', lexical) } })) }
  },
}

function compact(place: LegRank | undefined): CompactRank {
  return place === undefined ? 0 : [place.rank, place.score]
}

function expanded(leg: Leg, place: CompactRank): { readonly [Name in Leg]?: LegRank } {
  return place === 0 ? {} : { [leg]: { rank: place[0], score: place[1] } }
}
