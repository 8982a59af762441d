import { readFile } from 'node:fs/promises'
import { err, invalidField, ok, ResultAsync } from '@headwater/core'
import type { Result } from '@headwater/core'
import { z } from 'zod'
import type { EmbedError, Embedder, EmbedderRanking } from './embedder.ts'
import { fromBase64, toBase64 } from './single-precision.ts'
import { toUnitVector } from './unit-vector.ts'

/** Options of {@link recordedEmbedder}. */
export interface RecordedEmbedderOptions {
  /** The file that {@link recordEmbeddings} wrote. */
  readonly file: string | URL
  /**
   * How the similarities of the recorded model rank best.
   *
   * @defaultValue what `createCourseSearch` takes
   */
  readonly ranking?: EmbedderRanking
}

const recording = z.object({
  model: z.string().min(1),
  dimensions: z.int().min(1),
  vectors: z.record(z.string(), z.base64()),
})

/**
 * Embeds with vectors that a model made once: real meaning without a network, a key or a bill, for
 * tests and evaluations. A text that was not recorded is `invalid-input` that names it.
 *
 * @throws Error when the file cannot be read, is no recording, or has a vector of another length
 *   than it says.
 * @example
 * ```ts
 * const embedder = await recordedEmbedder({ file: new URL('vectors.json', import.meta.url) })
 * ```
 */
export async function recordedEmbedder({
  file,
  ranking,
}: RecordedEmbedderOptions): Promise<Embedder> {
  const { model, dimensions, vectors } = recording.parse(JSON.parse(await readFile(file, 'utf8')))
  const known = new Map(
    Object.entries(vectors).map(([text, base64]) => [text, decode(base64, dimensions)]),
  )
  const vectorOf = (text: string, place: number): Result<number[], EmbedError> => {
    const vector = known.get(text)
    if (vector !== undefined) return ok([...vector])
    return err(
      invalidField(
        `texts[${place}]`,
        text === '' ? 'must not be empty' : 'must be a text whose vector was recorded',
      ),
    )
  }
  return {
    profile: { model, dimensions },
    ...(ranking === undefined ? {} : { ranking }),
    embed: (texts) => new ResultAsync(Promise.resolve(allOf(texts.map(vectorOf)))),
  }
}

/**
 * Embeds texts and returns what {@link recordedEmbedder} reads, to be written to a file: single
 * precision, each text once.
 */
export function recordEmbeddings(
  embedder: Embedder,
  texts: readonly string[],
): ResultAsync<string, EmbedError> {
  const distinct = [...new Set(texts)]
  return embedder.embed(distinct).map((vectors) => {
    const entries = distinct.map((text, place) => [text, toBase64(vectors[place] ?? [])] as const)
    return `${JSON.stringify({ ...embedder.profile, vectors: Object.fromEntries(entries) }, undefined, 1)}\n`
  })
}

function allOf(results: readonly Result<number[], EmbedError>[]): Result<number[][], EmbedError> {
  const vectors: number[][] = []
  for (const result of results) {
    if (result.isErr()) return err(result.error)
    vectors.push(result.value)
  }
  return ok(vectors)
}

function decode(base64: string, dimensions: number): number[] {
  const values = fromBase64(base64)
  if (values.length !== dimensions)
    throw new Error(`a recorded vector has ${values.length} dimensions instead of ${dimensions}`)
  const vector = toUnitVector(values)
  if (vector === undefined) throw new Error('a recorded vector has no direction')
  return vector
}
