import {
  type Clock,
  type Credential,
  credentialRule,
  type Diagnostics,
  once,
  option,
  strictOptions,
  type Tls,
  tlsRule,
} from '@headwater/core'
import * as z from 'zod/mini'
import { type TextMarks, textMarksRule } from './text-marks.ts'

/** Options of `openaiEmbedder`. */
export interface OpenaiEmbedderOptions {
  /**
   * The API key. A function is asked for it before each request, so that it can change while the
   * program runs.
   */
  readonly apiKey: Credential
  /**
   * Address of the API, or of any service that speaks OpenAI's embeddings: `/embeddings` is added
   * to its path. A query, such as Azure's `?api-version=…`, is sent with every request.
   *
   * @defaultValue `'https://api.openai.com/v1'`
   */
  readonly baseURL?: string
  /**
   * Further headers of every request, for instance Azure's `api-key`.
   *
   * @defaultValue none
   */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * TLS of the connections, where a certificate of one's own or another name is needed: `true`, or
   * certificates and a name. An address without TLS is refused then.
   *
   * @defaultValue what the address says, with the certificates that Node.js trusts
   */
  readonly tls?: Tls
  /**
   * Name of the model.
   *
   * @defaultValue `'text-embedding-3-small'`
   */
  readonly model?: string
  /**
   * Length of the vectors. The service is asked for it when it is given here, whatever the model is
   * called, and by default for `text-embedding-3-…`. A service that refuses to choose is not asked
   * again. Every vector is checked against it.
   *
   * @defaultValue `1536`
   */
  readonly dimensions?: number
  /**
   * Encoding of the vectors. `float` is for services that answer `base64` wrongly, and three times
   * as long. A service that refuses the choice is not asked again.
   *
   * @defaultValue `'base64'`
   */
  readonly encodingFormat?: 'base64' | 'float'
  /**
   * How the model wants queries and documents marked, for instance `{ query: { prefix: 'query: ' },
   * document: { prefix: 'passage: ' } }` for E5. Other marks are another generation of the index.
   *
   * @defaultValue none, as OpenAI's own models want it
   */
  readonly marks?: TextMarks
  /**
   * Whether queries are embedded in the case in which they were typed: for models that read `US`
   * unlike `us`, and where `Python` and `python` may be paid for and cached twice.
   *
   * @defaultValue `false`: in lower case
   */
  readonly isCaseSensitive?: boolean
  /**
   * Deadline of a call whose caller sets none, in milliseconds, for all its requests and their
   * retries together.
   *
   * @defaultValue `30_000`
   */
  readonly deadlineMs?: number
  /**
   * Concurrent requests of one call.
   *
   * @defaultValue `4`
   */
  readonly concurrency?: number
  /**
   * Limits of one request. Tokens are estimated at three bytes each, which overestimates their
   * number in most languages. A service that refuses a request as too large gets fewer texts in
   * each from then on.
   *
   * @defaultValue OpenAI's limits: 2,048 texts and 300,000 tokens, and 8 MB
   */
  readonly batch?: EmbeddingBatchLimits
  /**
   * Receives `store:operation` and `breaker:transition`; usually `stores.diagnostics`.
   *
   * @defaultValue none
   */
  readonly diagnostics?: Diagnostics
  /**
   * Measures durations.
   *
   * @defaultValue the system clock
   */
  readonly clock?: Clock
}

/** Limits of one request for embeddings. */
export interface EmbeddingBatchLimits {
  /** The most texts. */
  readonly maxTexts?: number
  /** The most estimated tokens, of all texts together. */
  readonly maxTokens?: number
  /** The most bytes, of all texts together. */
  readonly maxBytes?: number
}

/** The defaults of {@link OpenaiEmbedderOptions}. */
export const openaiEmbedderDefaults = {
  baseURL: 'https://api.openai.com/v1',
  model: 'text-embedding-3-small',
  dimensions: 1536,
  encodingFormat: 'base64',
  headers: {},
  marks: {},
  isCaseSensitive: false,
  deadlineMs: 30_000,
  concurrency: 4,
  batch: { maxTexts: 2_048, maxTokens: 300_000, maxBytes: 8_000_000 },
} as const satisfies Partial<OpenaiEmbedderOptions>

/** Rules of {@link OpenaiEmbedderOptions}. */
export const openaiEmbedderRules = once(() =>
  strictOptions<OpenaiEmbedderOptions>({
    diagnostics: option.object(),
    clock: option.object(),
    apiKey: credentialRule(),
    baseURL: z.string().check(z.refine((url) => URL.canParse(url), 'expected a URL')),
    headers: z.record(z.string(), z.string()),
    tls: z.optional(tlsRule()),
    model: option.text(),
    dimensions: option.count(),
    encodingFormat: z.enum(['base64', 'float'], 'expected base64 or float'),
    marks: textMarksRule(),
    isCaseSensitive: z.boolean('expected true or false'),
    deadlineMs: option.durationMs(),
    concurrency: option.count(),
    batch: strictOptions({
      maxTexts: option.count(),
      maxTokens: option.count(),
      maxBytes: option.count(),
    }),
  }),
)
