import type { Diagnostics } from '@headwater/core'
import { openaiEmbedder } from '@headwater/search'
import type { Embedder } from '@headwater/search'
import type { StoreParts } from '@headwater/testing'
import type { Ending } from './ending.ts'
import { openModelEmbedder } from './model/model-embedder.ts'

/** What can embed in the demo: OpenAI or its stand-in, or a small model in this process. */
export const embedderNames = ['openai', 'model'] as const

/** The name of one of them. */
export type EmbedderName = (typeof embedderNames)[number]

/** Dependencies of {@link openEmbedder}. */
export interface EmbedderDeps {
  readonly openai: StoreParts['openai']
  readonly diagnostics: Diagnostics
  readonly ending: Ending
}

/** Opens an embedder, and closes it with the demo. */
export function openEmbedder(
  name: EmbedderName,
  { openai, diagnostics, ending }: EmbedderDeps,
): Embedder {
  if (name === 'openai')
    return openaiEmbedder({ apiKey: openai.apiKey, baseURL: openai.url, diagnostics })
  const model = openModelEmbedder()
  ending.add(() => model.close())
  return model.embedder
}

/** Whether a name is that of an embedder. */
export function isEmbedderName(name: string): name is EmbedderName {
  return (embedderNames as readonly string[]).includes(name)
}
