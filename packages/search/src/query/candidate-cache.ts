import { defineCache, digest, err, ok } from '@headwater/core'
import type { Cache, CacheReadError, Result } from '@headwater/core'
import { candidatesCodec } from './candidates-codec.ts'
import { findCandidates, NoLegAnswered } from './find-candidates.ts'
import type { CandidateParts, CandidateQuery, Candidates } from './find-candidates.ts'
import { notLoaded } from './legs.ts'
import type { LegError } from './legs.ts'
import { rerankDefaults } from './rerank.ts'
import { resultsTag } from '../results-tag.ts'

const ttlMs = 15 * 60_000

/**
 * The candidates of a query, under `search:{hash}` for a quarter of an hour. The key speaks of the
 * query, its filters, the generation of the index and how it is ranked, not of who asks.
 */
export class CandidateCache {
  readonly #settings: readonly unknown[]
  readonly #cache: Cache<CandidateQuery, Candidates>

  constructor(parts: CandidateParts) {
    const { stores, dense, legDeadlineMs, denseWeight, rerank } = parts
    const loadMs =
      legDeadlineMs + (rerank === undefined ? 0 : (rerank.deadlineMs ?? rerankDefaults.deadlineMs))
    this.#settings = [
      dense?.generation,
      dense?.minSimilarity,
      denseWeight,
      rerank === undefined ? 0 : (rerank.top ?? rerankDefaults.top),
    ]
    this.#cache = defineCache<CandidateQuery, Candidates>(stores, {
      name: 'search',
      ttlMs,
      graceMs: 5 * 60_000,
      leaseMs: loadMs + 1_000,
      waitMs: Math.min(500, legDeadlineMs),
      key: ({ query, filters, depth, like }) => [
        digest(JSON.stringify([query, filters, depth, like, this.#settings])).slice(0, 40),
      ],
      tags: () => [resultsTag],
      codec: candidatesCodec,
      entryTtlMs: ({ degraded }) => (degraded.length === 0 ? ttlMs : 0),
      load: async (queries) =>
        new Map(
          await Promise.all(
            queries.map(async (wanted) => [wanted, await findCandidates(parts, wanted)] as const),
          ),
        ),
    })
  }

  /**
   * The candidates, found anew or in the cache. Fails only when no leg answers and nothing is
   * cached.
   */
  async get(wanted: CandidateQuery): Promise<Result<Candidates, LegError>> {
    const read = await this.#cache.get(wanted)
    if (read.isErr()) return err(unwrapped(read.error))
    return read.value === undefined ? err(notLoaded('search')) : ok(read.value)
  }
}

function unwrapped(failure: CacheReadError): LegError {
  return failure.type === 'load-failed' && failure.cause instanceof NoLegAnswered
    ? failure.cause.failure
    : failure
}
