import { deadline, defineCache, digest, err, ok } from '@headwater/core'
import type { Cache, CacheReadError, Codec, ResultAsync, Stores } from '@headwater/core'
import type { EmbedError, Embedder } from '../embedders/embedder.ts'
import { notLoaded } from './legs.ts'
import { fromBase64, toBase64 } from '../embedders/single-precision.ts'
import { checkVector } from '../vectors/vector-checks.ts'

/** Vectors do not age: a week is how long a query is worth remembering. */
const ttlMs = 7 * 24 * 3_600_000

/**
 * The vectors of queries, under `embedding:{hash}`: a query is paid for once a week, however many
 * searches ask for it.
 */
export class QueryEmbeddings {
  readonly #cache: Cache<string, readonly number[]>

  constructor(stores: Stores, embedder: Embedder, deadlineMs: number) {
    const { model, dimensions } = embedder.profile
    this.#cache = defineCache<string, readonly number[]>(stores, {
      name: 'embedding',
      ttlMs,
      refreshAt: 1,
      leaseMs: deadlineMs + 1_000,
      key: (text) => [digest(JSON.stringify([model, dimensions, text])).slice(0, 40)],
      codec: vectorCodec,
      load: (texts) => embedAll(embedder, texts, deadlineMs),
    })
  }

  /**
   * The vector of a query, within the deadline. Costs 1 Redis round trip, on a miss 2 more and one
   * call of the embedder, which the queries of one tick share.
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
}

/** The rejection of a load, with the embedder's own failure inside. */
class EmbeddingFailed extends Error {
  readonly failure: EmbedError

  constructor(failure: EmbedError) {
    super(failure.message)
    this.name = 'EmbeddingFailed'
    this.failure = failure
  }
}

async function embedAll(
  embedder: Embedder,
  texts: readonly string[],
  deadlineMs: number,
): Promise<Map<string, readonly number[]>> {
  const embedded = await embedder.embed(texts, { deadlineMs })
  if (embedded.isErr()) throw new EmbeddingFailed(embedded.error)
  for (const vector of embedded.value) {
    const checked = checkVector(vector, embedder.profile.dimensions, 'vector')
    if (checked.isErr()) throw new EmbeddingFailed(checked.error)
  }
  // With single precision, as the cache keeps them: the first search must not score otherwise than
  // the second.
  return new Map(
    texts.flatMap((text, place) => {
      const vector = embedded.value[place]
      return vector === undefined ? [] : [[text, vector.map(Math.fround)] as const]
    }),
  )
}

function unwrapped(failure: CacheReadError | EmbedError): CacheReadError | EmbedError {
  return failure.type === 'load-failed' && failure.cause instanceof EmbeddingFailed
    ? failure.cause.failure
    : failure
}

const vectorCodec: Codec<readonly number[]> = {
  encode: toBase64,
  decode(json) {
    if (typeof json !== 'string') throw new TypeError('an embedding must be kept as base64')
    return fromBase64(json)
  },
}
