import { readFile } from 'node:fs/promises'
import { errAsync, invalidField, okAsync } from '@headwater/core'
import type { Embedder, EmbeddingProfile } from '@headwater/search'

/** Vectors of a model, each in as many bytes as it has dimensions. */
export interface RecordedVectors {
  readonly model: string
  readonly dimensions: number
  /** By text: base64 of one signed byte for each dimension. */
  readonly vectors: Readonly<Record<string, string>>
}

/** The vectors that `record-vectors.ts` and `record-word-vectors.ts` have recorded. */
export const recordings = {
  model: new URL('vectors.json', import.meta.url),
  words: new URL('word-vectors.json', import.meta.url),
} as const

/** An embedder of the recorded texts; any other text is refused by name. */
export async function recordedModel(name: keyof typeof recordings): Promise<Embedder> {
  const content = await readFile(recordings[name], 'utf8')
  const { model, dimensions, vectors } = JSON.parse(content) as RecordedVectors
  return embedderOf({ model, dimensions }, (text) => {
    const bytes = vectors[text]
    return bytes === undefined ? undefined : unit([...new Int8Array(Buffer.from(bytes, 'base64'))])
  })
}

/** An embedder without a ranking of its own, as a host may bring. */
export function embedderOf(
  profile: EmbeddingProfile,
  vectorOf: (text: string) => number[] | undefined,
): Embedder {
  return {
    profile,
    embed(texts) {
      const vectors = texts.map(vectorOf)
      const missing = vectors.indexOf(undefined)
      return missing === -1
        ? okAsync(vectors.flatMap((vector) => (vector === undefined ? [] : [vector])))
        : errAsync(invalidField(`texts[${missing}]`, `must be recorded: ${texts[missing]}`))
    },
  }
}

/** One signed byte for each dimension: the largest component becomes 127 or -127. */
export function inBytes(vector: readonly number[]): string {
  const scale = 127 / Math.max(...vector.map(Math.abs))
  return Buffer.from(Int8Array.from(vector, (value) => Math.round(value * scale))).toString(
    'base64',
  )
}

/** The vector scaled to length 1. */
export function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}
