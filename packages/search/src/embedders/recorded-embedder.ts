import { readFile } from 'node:fs/promises'
import { err, invalidField, ok, once, orThrow, ResultAsync, validate } from '@headwater/core'
import type { Result } from '@headwater/core'
import * as z from 'zod/mini'
import type { EmbedError, Embedder, EmbedderRanking } from './embedder.ts'
import { asTyped, normalise } from '../typed/normalise.ts'
import { partsOf } from '../typed/query-parts.ts'
import { fromBase64, toBase64 } from './single-precision.ts'
import { toUnitVector } from './unit-vector.ts'

/** Options of {@link recordedEmbedder}. */
export interface RecordedEmbedderOptions {
  /** A file with the output of {@link recordEmbeddings}. */
  readonly file: string | URL
  /**
   * Settings with which the similarities of the recorded model rank best.
   *
   * @defaultValue none: a search measures the similarities of the catalogue
   */
  readonly ranking?: EmbedderRanking
}

const recording = once(() =>
  z.object({
    model: z.string().check(z.minLength(1)),
    dimensions: z.int().check(z.minimum(1)),
    variant: z.optional(z.string()),
    isCaseSensitive: z.optional(z.boolean()),
    vectors: z.record(z.string(), z.base64()),
  }),
)

/**
 * Embeds with the recorded vectors of a real model: for tests and evaluations without a network, a
 * key or a bill. A query is found however it was typed when it was recorded: with other capitals,
 * spaces, operators or encodings of the same characters. A text that was not recorded is
 * `invalid-input` that names it.
 *
 * @throws Error when the file cannot be read, is not a recording, or holds a vector of the wrong
 *   length.
 * @example
 * ```ts
 * const embedder = await recordedEmbedder({ file: new URL('vectors.json', import.meta.url) })
 * ```
 */
export async function recordedEmbedder({
  file,
  ranking,
}: RecordedEmbedderOptions): Promise<Embedder> {
  const content: unknown = JSON.parse(await readFile(file, 'utf8'))
  const { model, dimensions, variant, isCaseSensitive, vectors } = orThrow(
    validate(recording(), content, 'recording'),
  )
  const known = new Map(
    Object.entries(vectors).map(([text, base64]) => [text, decode(base64, dimensions)]),
  )
  const queries = asQueries(known)
  const asked = (text: string): number[] | undefined =>
    formsAsked(text)
      .map((form) => queries.get(form))
      .find((vector) => vector !== undefined)
  const vectorOf = (text: string, index: number): Result<number[], EmbedError> => {
    const vector = known.get(text) ?? asked(text)
    if (vector !== undefined) return ok([...vector])
    return err(
      invalidField(
        `texts[${index}]`,
        text === '' ? 'must not be empty' : 'must be a text whose vector was recorded',
      ),
    )
  }
  return {
    profile: { model, dimensions, ...(variant === undefined ? {} : { variant }) },
    ...(ranking === undefined ? {} : { ranking }),
    ...(isCaseSensitive === undefined ? {} : { isCaseSensitive }),
    embed: (texts) => new ResultAsync(Promise.resolve(allOf(texts.map(vectorOf)))),
  }
}

/**
 * Embeds texts and returns the content of a file for {@link recordedEmbedder}: each text once, with
 * single precision.
 */
export function recordEmbeddings(
  embedder: Embedder,
  texts: readonly string[],
): ResultAsync<string, EmbedError> {
  const distinct = [...new Set(texts)]
  return embedder.embed(distinct).map((vectors) => {
    const entries = distinct.map((text, index) => [text, toBase64(vectors[index] ?? [])] as const)
    const { profile, isCaseSensitive } = embedder
    const recorded = { ...profile, isCaseSensitive, vectors: Object.fromEntries(entries) }
    return `${JSON.stringify(recorded, undefined, 1)}\n`
  })
}

/** The vectors by what a search asks for when one of the texts is typed; the first recorded. */
function asQueries<Vector>(recorded: ReadonlyMap<string, Vector>): ReadonlyMap<string, Vector> {
  const queries = new Map<string, Vector>()
  for (const [text, vector] of recorded)
    for (const form of formsAsked(text)) if (!queries.has(form)) queries.set(form, vector)
  return queries
}

/** A text as searches embed it: as it was typed, and normalised. */
function formsAsked(text: string): string[] {
  return [asTyped(text), normalise(text)]
    .map((form) => partsOf(form).text)
    .filter((form) => form !== '')
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
