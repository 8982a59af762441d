import { Worker } from 'node:worker_threads'
import { err, invalidField, ok, ResultAsync } from '@headwater/core'
import type { StoreError } from '@headwater/core'
import type { Embedder } from '@headwater/search'

/** Texts for the worker. */
export interface ModelRequest {
  readonly id: number
  readonly texts: readonly string[]
}

/** The worker's vectors, or why it has none. */
export type ModelAnswer = { readonly id: number } & (
  { readonly vectors: readonly (readonly number[])[] } | { readonly reason: string }
)

/** An embedder with a thread of its own. */
export interface ModelEmbedder {
  readonly embedder: Embedder
  /** Ends the thread; texts under way fail. */
  close(): Promise<void>
}

/** The model has 512; zeros behind them change no similarity, and fit the index of the demo. */
const dimensions = 1536

/**
 * Embeds with Universal Sentence Encoder lite, a small English sentence model, without a network or
 * a key. It computes for 20 ms a text, in a worker, so that this thread goes on serving.
 */
export function openModelEmbedder(): ModelEmbedder {
  const worker = new Worker(new URL('model-worker.ts', import.meta.url))
  worker.unref()
  const waiting = new Map<number, (answer: ModelAnswer) => void>()
  let ended: string | undefined
  const end = (reason: string): void => {
    ended ??= reason
    for (const [id, settle] of waiting) settle({ id, reason: ended })
    waiting.clear()
  }
  worker.on('message', (answer: ModelAnswer) => {
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })
  worker.on('error', (error) => {
    end(error instanceof Error ? error.message : String(error))
  })
  worker.on('exit', () => {
    end('the thread of the model has ended')
  })
  let asked = 0
  const ask = (texts: readonly string[]): Promise<ModelAnswer> =>
    new Promise((settle) => {
      asked += 1
      if (ended !== undefined) {
        settle({ id: asked, reason: ended })
        return
      }
      waiting.set(asked, settle)
      const request: ModelRequest = { id: asked, texts }
      worker.postMessage(request)
    })
  const embedder: Embedder = {
    profile: { model: 'universal-sentence-encoder-lite-en', dimensions },
    embed(texts) {
      const empty = texts.indexOf('')
      if (empty !== -1)
        return new ResultAsync(
          Promise.resolve(err(invalidField(`texts[${empty}]`, 'must not be empty'))),
        )
      if (texts.length === 0) return new ResultAsync(Promise.resolve(ok([])))
      return new ResultAsync(
        ask(texts).then((answer) =>
          'vectors' in answer ? ok(answer.vectors.map(padded)) : err(unavailable(answer.reason)),
        ),
      )
    },
  }
  return {
    embedder,
    async close() {
      await worker.terminate()
    },
  }
}

/** The model's vectors have norm 1 as they are. */
function padded(vector: readonly number[]): number[] {
  return Array.from({ length: dimensions }, (_, at) => vector[at] ?? 0)
}

function unavailable(message: string): StoreError {
  return {
    type: 'store-unavailable',
    message,
    retryable: true,
    store: 'openai',
    operation: 'embed',
  }
}
