import { hashingEmbedder } from '@headwater/search'
import type { Embedder } from '@headwater/search'
import { recordedModel, unit } from './recorded-vectors.ts'

/** The embedders that are compared. None says how to rank by it. */
export const embedders = {
  hashing: async () => hashingEmbedder(),
  /** The recorded sentence model. */
  model: async () => recordedModel('model'),
  /** The mean of the vectors of a text's words: another kind, with a scale of its own. */
  words: async () => recordedModel('words'),
  /** The same in a narrow cone: unrelated texts are as similar as 0.7, as for some models. */
  narrow: narrowModel,
} as const satisfies Record<string, () => Promise<Embedder>>

/** The name of one of them. */
export type EmbedderName = keyof typeof embedders

/** Whether a text names one of the embedders. */
export function isEmbedder(name: string): name is EmbedderName {
  return Object.hasOwn(embedders, name)
}

async function narrowModel(): Promise<Embedder> {
  const model = await recordedModel('model')
  const narrowed = ([first = 0, ...rest]: readonly number[]): number[] =>
    unit([first + 1.5, ...rest])
  return {
    profile: { ...model.profile, variant: 'narrow' },
    embed: (texts) => model.embed(texts).map((vectors) => vectors.map(narrowed)),
  }
}
