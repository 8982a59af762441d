import { defineCache, digest, err, failureIn, ok, RecentMap } from '@headwater/core'
import type { Cache, CacheReadError, Result, ResultAsync, SqlError } from '@headwater/core'
import { candidatesCodec } from './candidates-codec.ts'
import type { StoredCandidates } from './candidates-codec.ts'
import type { LookTrace } from './explain/search-trace.ts'
import { findCandidates, isWhole } from './find-candidates.ts'
import type { CandidateDeps, CandidateQuery, Candidates } from './find-candidates.ts'
import { heldBy } from './held-courses.ts'
import { notLoaded } from './legs.ts'
import type { LegError } from './legs.ts'
import { packed, PackedRanking } from './packed-ranking.ts'
import { rerankDefaults } from './rerank.ts'
import { resultsTag } from '../results-tag.ts'

const ttlMs = 15 * 60_000

/** A search whose corrections are refused is asked again soon: somebody may see to it. */
const refusedTtlMs = 60_000

/** Longer questions, with long lists of filters, are hashed each time: in characters. */
const longestRemembered = 2_000

/** Where the candidates of a page come from. */
export type CandidateSource = Pick<CandidateCache, 'get'>

/**
 * Candidates of queries, cached under `search:{hash}` for 15 minutes. The key holds the query, its
 * filters, the generation of the index and the ranking, but not the searching user.
 */
export class CandidateCache {
  readonly #deps: CandidateDeps
  readonly #settings: readonly unknown[]
  readonly #cache: Cache<CandidateQuery, StoredCandidates>
  /** Queries asked of late, which are asked again, and their hashes. */
  readonly #hashes = new RecentMap<string, string>(1_000)

  constructor(deps: CandidateDeps) {
    const { stores, dense, lexical, legDeadlineMs, given, rerank } = deps
    this.#deps = deps
    const loadMs =
      legDeadlineMs + (rerank === undefined ? 0 : (rerank.deadlineMs ?? rerankDefaults.deadlineMs))
    this.#settings = [
      dense?.generation,
      given.minSimilarity,
      given.denseWeight,
      rerank === undefined ? 0 : (rerank.top ?? rerankDefaults.top),
      // Without any, the keys of earlier releases.
      ...(lexical.synonyms === undefined ? [] : [lexical.synonyms.fingerprint]),
      ...((lexical.configurations ?? []).length === 0 ? [] : [lexical.configurations]),
    ]
    this.#cache = defineCache<CandidateQuery, StoredCandidates>(stores, {
      name: 'search',
      ttlMs,
      graceMs: 5 * 60_000,
      leaseMs: loadMs + 1_000,
      waitMs: Math.min(500, legDeadlineMs),
      key: (wanted) => [this.#hashOf(JSON.stringify(this.#keyOf(wanted)))],
      tags: () => [resultsTag],
      codec: candidatesCodec,
      entryTtlMs: (candidates) => lifeOf(candidates),
      load: async (queries) =>
        new Map(
          await Promise.all(
            queries.map(async (wanted) => [wanted, await storable(deps, wanted)] as const),
          ),
        ),
    })
  }

  /**
   * The candidates of a query, cached or not. Fails only when no leg answers and nothing is cached.
   */
  async get(wanted: CandidateQuery): Promise<Result<Candidates, LegError>> {
    const read = await this.#cache.get(wanted)
    if (read.isErr()) return err(unwrapped(read.error))
    if (read.value === undefined) return err(notLoaded('search'))
    return ok({ ...read.value, found: new PackedRanking(read.value.found) })
  }

  /** What is wanted, without how it was typed where the embedder does not tell. */
  distinct<Wanted extends Pick<CandidateQuery, 'typed'>>(wanted: Wanted): Wanted {
    const isTold = this.#deps.dense?.embeddings.isCaseSensitive === true
    return isTold || wanted.typed === undefined ? wanted : { ...wanted, typed: undefined }
  }

  /** The candidates as they are found now, whatever is cached; they are not stored. */
  async find(wanted: CandidateQuery, trace: LookTrace): Promise<Result<Candidates, LegError>> {
    try {
      return ok(await findCandidates(this.#deps, wanted, trace))
    } catch (error) {
      const failure = failureIn<LegError>(error)
      if (failure === undefined) throw error
      return err(failure)
    }
  }

  /**
   * The ones of these courses that the operators of a query allow. Costs 1 round trip of PostgreSQL
   * where it has any.
   */
  allowed(query: string, ids: readonly number[]): ResultAsync<ReadonlySet<number>, SqlError> {
    const { lexical, legDeadlineMs: deadlineMs } = this.#deps
    const found = ids.map((id) => ({ id, score: 0 }))
    return heldBy(query, found, { ...lexical, deadlineMs }).map(
      (held) => new Set(held.map(({ id }) => id)),
    )
  }

  #hashOf(wanted: string): string {
    const known = this.#hashes.get(wanted)
    if (known !== undefined) return known
    const hash = digest(wanted).slice(0, 40)
    if (wanted.length <= longestRemembered) this.#hashes.set(wanted, hash)
    return hash
  }

  #keyOf({ query, typed, filters, depth, like, isRanked }: CandidateQuery): readonly unknown[] {
    // In lower case, the keys of earlier releases.
    const spelt = typed === undefined ? [] : [typed]
    return [query, filters, depth, like, isRanked, this.#settings, ...spelt]
  }
}

function lifeOf(candidates: StoredCandidates): number {
  if (!isWhole(candidates)) return 0
  return candidates.isPartial === 'refused' ? refusedTtlMs : ttlMs
}

async function storable(deps: CandidateDeps, wanted: CandidateQuery): Promise<StoredCandidates> {
  const candidates = await findCandidates(deps, wanted)
  return { ...candidates, found: packed(candidates.found) }
}

function unwrapped(failure: CacheReadError): LegError {
  if (failure.type !== 'load-failed') return failure
  return failureIn<LegError>(failure.cause) ?? failure
}
