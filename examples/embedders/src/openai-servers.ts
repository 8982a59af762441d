import { createGuard, Diagnostics } from '@headwater/core'
import type { Credential } from '@headwater/core'
import { openaiEmbedder } from '@headwater/search'
import type { Embedder, EmbedOptions, TextMarks } from '@headwater/search'
import { complaintOf, RefusedByServer, requestJson } from './http.ts'

/** A model that a server of one's own serves. */
export interface ServedModel {
  /** The model's name at the server. */
  readonly model: string
  /** The length of its vectors. */
  readonly dimensions: number
  /**
   * How it wants queries and documents marked.
   *
   * @defaultValue none
   */
  readonly marks?: TextMarks
  /**
   * Address of the API, up to where `/embeddings` follows.
   *
   * @defaultValue where the server listens unless it is told otherwise
   */
  readonly baseURL?: string
  /**
   * The server's key.
   *
   * @defaultValue a word: the server asks for none
   */
  readonly apiKey?: Credential
  /**
   * Receives what becomes of each request; usually `stores.diagnostics`.
   *
   * @defaultValue none
   */
  readonly diagnostics?: Diagnostics
}

/** A deployment of a model at Azure. */
export interface AzureOptions extends Omit<ServedModel, 'model' | 'baseURL'> {
  /** Name of the resource: `https://NAME.openai.azure.com`. */
  readonly resource: string
  /** Name of the deployment, which stands for the model. */
  readonly deployment: string
  /** A key of the resource, or a function that returns a token of Entra ID. */
  readonly apiKey: Credential
}

const noKey = 'none'
const listMs = 5_000

/**
 * Embeds through vLLM: `vllm serve MODEL --runner pooling`. It refuses texts that are longer than
 * the model takes, and `dimensions` where the model cannot shorten its vectors; then it is asked
 * without them.
 */
export function vllmEmbedder(options: ServedModel): Embedder {
  return openaiEmbedder({ baseURL: 'http://127.0.0.1:8000/v1', apiKey: noKey, ...options })
}

/**
 * Embeds through a deployment at Azure. Another model behind the same deployment needs a generation
 * of the index with another name: name deployments after their models.
 */
export function azureEmbedder({ resource, deployment, ...options }: AzureOptions): Embedder {
  return openaiEmbedder({
    baseURL: `https://${resource}.openai.azure.com/openai/v1`,
    model: deployment,
    ...options,
  })
}

/**
 * Embeds through LM Studio, which may answer with whichever model is loaded. So it is asked first
 * whether it has this one: 1 request more, until it has said yes. It answers vectors as lists of
 * numbers whatever it is asked for.
 */
export function lmStudioEmbedder(options: ServedModel): Embedder {
  const settings = { baseURL: 'http://127.0.0.1:1234/v1', apiKey: noKey, ...options }
  const { baseURL, model, diagnostics = new Diagnostics() } = settings
  const embedder = openaiEmbedder({ ...settings, encodingFormat: 'float' })
  const guard = createGuard({
    store: 'openai',
    diagnostics,
    deadlineMs: listMs,
    classify: complaintOf,
  })
  let isServed = false
  const find = (call: EmbedOptions) =>
    guard
      .run('models', (signal) => requireModel(`${baseURL}/models`, model, signal), {
        ...call,
        isIdempotent: true,
      })
      .andTee(() => {
        isServed = true
      })
  return {
    profile: embedder.profile,
    batchSizes: (texts) => embedder.batchSizes?.(texts) ?? [texts.length],
    embed: (texts, call = {}) =>
      isServed || texts.length === 0
        ? embedder.embed(texts, call)
        : find(call).andThen(() => embedder.embed(texts, call)),
  }
}

async function requireModel(url: string, model: string, signal: AbortSignal): Promise<void> {
  const { data } = (await requestJson(url, { signal })) as {
    readonly data: readonly { readonly id: string }[]
  }
  if (!data.some(({ id }) => id === model)) throw new RefusedByServer(404, 'model not found')
}
