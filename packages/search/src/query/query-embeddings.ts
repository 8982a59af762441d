import {
  deadline,
  defineCache,
  digest,
  err,
  FailureError,
  failureIn,
  ok,
  RecentMap,
} from '@headwater/core'
import type { Cache, CacheReadError, Codec, ResultAsync, Stores } from '@headwater/core'
import type { EmbedError, Embedder } from '../embedders/embedder.ts'
import { notLoaded } from './legs.ts'
import { fromBase64, toBase64 } from '../embedders/single-precision.ts'
import { checkVector } from '../vectors/vector-checks.ts'

/** Vectors do not age; a query is worth remembering for a week. */
const ttlMs = 7 * 24 * 3_600_000

/** The vectors that a process remembers itself: 12 kB each with 1,536 dimensions. */
const maxRemembered = 200

/**
 * Vectors of queries, cached under `embedding:{hash}`. A query is paid for once a week, however
 * many searches use it; while Redis is away, once by each process that remembers it among its last
 * 200.
 */
export class QueryEmbeddings {
  /** Whether queries that differ in case have vectors of their own. */
  readonly isCaseSensitive: boolean
  readonly #cache: Cache<string, readonly number[]>
  readonly #remembered = new RecentMap<string, readonly number[]>(maxRemembered)

  constructor(stores: Stores, embedder: Embedder, deadlineMs: number) {
    const { model, dimensions, variant } = embedder.profile
    this.isCaseSensitive = embedder.isCaseSensitive === true
    const marked = variant === undefined ? [] : [variant]
    this.#cache = defineCache<string, readonly number[]>(stores, {
      name: 'embedding',
      ttlMs,
      refreshAt: 1,
      leaseMs: deadlineMs + 1_000,
      key: (text) => [digest(JSON.stringify([model, dimensions, text, ...marked])).slice(0, 40)],
      codec: vectorCodec,
      load: (texts) => this.#load(embedder, texts, deadlineMs),
    })
  }

  /**
   * The vector of a query, within the deadline. Costs 1 Redis round trip. A miss costs 2 more and
   * one call of the embedder, shared by the queries of one turn of the event loop.
   */
  vectorOf(
    text: string,
    deadlineMs: number,
  ): ResultAsync<readonly number[], CacheReadError | EmbedError> {
    return deadline(async () => await this.#cache.get(text), {
      ms: deadlineMs,
      store: 'openai',
      operation: 'embed',
    })
      .andThen((read) => read.mapErr(unwrapped))
      .andThen((vector) => (vector === undefined ? err(notLoaded('embedding')) : ok(vector)))
  }

  async #load(
    embedder: Embedder,
    texts: readonly string[],
    deadlineMs: number,
  ): Promise<Map<string, readonly number[]>> {
    const known = texts.flatMap((text) => {
      const vector = this.#remembered.get(text)
      return vector === undefined ? [] : [[text, vector] as const]
    })
    const vectors = new Map<string, readonly number[]>(known)
    const unknown = texts.filter((text) => !vectors.has(text))
    if (unknown.length > 0)
      for (const [text, vector] of await embedAll(embedder, unknown, deadlineMs))
        vectors.set(text, vector)
    for (const [text, vector] of vectors) this.#remembered.set(text, vector)
    return vectors
  }
}

async function embedAll(
  embedder: Embedder,
  texts: readonly string[],
  deadlineMs: number,
): Promise<Map<string, readonly number[]>> {
  const embedded = await embedder.embed(texts, { deadlineMs, purpose: 'query' })
  if (embedded.isErr()) throw new FailureError(embedded.error)
  for (const vector of embedded.value) {
    const checked = checkVector(vector, embedder.profile.dimensions, 'vector')
    if (checked.isErr()) throw new FailureError(checked.error)
  }
  // Single precision, as in the cache: the first search must score as the second does.
  return new Map(
    texts.flatMap((text, index) => {
      const vector = embedded.value[index]
      return vector === undefined ? [] : [[text, vector.map(Math.fround)] as const]
    }),
  )
}

function unwrapped(failure: CacheReadError | EmbedError): CacheReadError | EmbedError {
  if (failure.type !== 'load-failed') return failure
  return failureIn<EmbedError>(failure.cause) ?? failure
}

const vectorCodec: Codec<readonly number[]> = {
  encode: toBase64,
  decode(json) {
    if (typeof json !== 'string') throw new TypeError('an embedding is stored as base64')
    return fromBase64(json)
  },
}
