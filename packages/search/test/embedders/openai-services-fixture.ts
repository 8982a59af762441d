import type { OpenaiVariant, OpenaiVariantAnswer } from '@headwater/testing'

/** Length of the vectors of every service here. */
export const dimensions = 3

/** The vector of a text: different for each, and not of norm 1. */
export function vectorOf(text: string): number[] {
  return [text.length, text.charCodeAt(0), 7]
}

/** An answer with the vectors of the inputs, each entry changed by `entry`. */
export function vectors(
  inputs: readonly string[],
  entry: (entry: { index: number; embedding: number[] }) => unknown = (one) => one,
): OpenaiVariantAnswer {
  const data = inputs.map((input, index) => entry({ index, embedding: vectorOf(input) }))
  return { status: 200, body: { object: 'list', data, model: 'any' } }
}

/** The texts of a request. */
export function inputsOf(body: Readonly<Record<string, unknown>>): readonly string[] {
  return body['input'] as readonly string[]
}

/** A service whose vectors are `answered` as it likes. */
const answering =
  (answered: (inputs: readonly string[]) => OpenaiVariantAnswer): OpenaiVariant =>
  (body) =>
    answered(inputsOf(body))

const refusing =
  (name: string, answer: OpenaiVariantAnswer): OpenaiVariant =>
  (body) =>
    name in body ? answer : vectors(inputsOf(body))

const litellm = (parameter: string, status: number): OpenaiVariantAnswer => ({
  status,
  body: {
    error: {
      message: `litellm.UnsupportedParamsError: vertex_ai does not support parameters: {'${parameter}'}`,
      code: String(status),
    },
  },
})

const extraForbidden = {
  detail: [{ type: 'extra_forbidden', loc: ['body', 'dimensions'], msg: 'Extra inputs' }],
}

/** Services that are understood, each with the requests that two texts cost the first time. */
export const understood: readonly (readonly [string, OpenaiVariant, number])[] = [
  [
    'ignores base64 and sends no usage, as Infinity does',
    answering((inputs) => vectors(inputs)),
    1,
  ],
  [
    'leaves out the index 0, as Gemini does',
    answering((inputs) =>
      vectors(inputs, ({ index, embedding }) => ({
        embedding,
        ...(index === 0 ? {} : { index }),
      })),
    ),
    1,
  ],
  [
    'sends no index at all',
    answering((inputs) => vectors(inputs, ({ embedding }) => ({ embedding }))),
    1,
  ],
  [
    'answers only the first of several texts, as GPUStack did',
    answering((inputs) => vectors(inputs.slice(0, 1))),
    3,
  ],
  [
    'numbers every vector 0',
    answering((inputs) => vectors(inputs, ({ embedding }) => ({ index: 0, embedding }))),
    3,
  ],
  [
    'takes no encoding, as Vertex AI behind LiteLLM',
    refusing('encoding_format', litellm('encoding_format', 400)),
    2,
  ],
  [
    'knows no base64 and says so outside of `error`, as vLLM did',
    refusing('encoding_format', {
      status: 400,
      body: { object: 'error', message: 'base64 encoding is not currently supported', code: 400 },
    }),
    2,
  ],
  [
    'does not shorten vectors and says so outside of `error`, as vLLM did',
    refusing('dimensions', {
      status: 400,
      body: { object: 'error', message: 'Model "m" does not support matryoshka representation' },
    }),
    2,
  ],
  [
    'knows no dimensions, as FastAPI says it',
    refusing('dimensions', { status: 422, body: extraForbidden }),
    2,
  ],
  [
    'calls an unknown parameter its own error',
    refusing('dimensions', litellm('dimensions', 500)),
    2,
  ],
  [
    'passes on a refusal of dimensions with status 200, as OpenRouter does',
    refusing('dimensions', {
      status: 200,
      body: { error: { message: 'HTTP 400: no matryoshka representation', code: 400 } },
    }),
    2,
  ],
  ...[
    ['batch size is invalid, it should not be larger than 1.: input.contents', 400],
    ['batch size 2 > maximum allowed batch size 1', 422],
    ['Too many inputs. The max number of inputs is 1.', 400],
    ['* BatchEmbedContentsRequest.requests: at most 1 requests can be in one batch', 400],
  ].map(
    ([message, status]) =>
      [
        `takes one text only: ${String(message)}`,
        (body: Readonly<Record<string, unknown>>) =>
          inputsOf(body).length > 1
            ? { status: Number(status), body: { error: message } }
            : vectors(inputsOf(body)),
        3,
      ] as const,
  ),
]

/** Answers that are refused, each with the code of the failure. */
export const refused: readonly (readonly [string, OpenaiVariantAnswer, string])[] = [
  ['a page of HTML', { status: 200, body: '<html>Welcome</html>' }, 'no-vectors'],
  ['an empty object', { status: 200, body: {} }, 'no-vectors'],
  ['no vector at all', { status: 200, body: { data: [] } }, 'miscounted'],
  [
    'an error instead of vectors',
    { status: 200, body: { error: 'out of cheese' } },
    'error-in-answer',
  ],
  [
    'null in a vector',
    { status: 200, body: { data: [{ index: 0, embedding: [1, null, 3] }] } },
    'not-a-number',
  ],
  [
    'texts in a vector',
    { status: 200, body: { data: [{ index: 0, embedding: ['1', '2', '3'] }] } },
    'not-a-number',
  ],
  [
    'a vector of vectors, as without pooling',
    { status: 200, body: { data: [{ index: 0, embedding: [[1], [2], [3]] }] } },
    'not-a-number',
  ],
  [
    'NaN as status 500, as Ollama does',
    {
      status: 500,
      body: { error: { message: 'failed to encode response: json: unsupported value: NaN' } },
    },
    'not-a-number',
  ],
  [
    'a text that is too long as status 500, as llama.cpp does',
    {
      status: 500,
      body: {
        error: {
          code: 500,
          message: 'input (992 tokens) is too large to process. increase the physical batch size',
        },
      },
    },
    'text-too-long',
  ],
  [
    'a text that is too long as status 413, as TEI does',
    { status: 413, body: { error: '`inputs` must have less than 512 tokens. Given: 992' } },
    'text-too-long',
  ],
  ['plain text about an unknown address', { status: 404, body: '404 page not found' }, '404'],
  ['no credit', { status: 402, body: { detail: 'Insufficient Balance' } }, '402'],
  [
    'a used up quota as status 429',
    { status: 429, body: { error: { message: 'quota', code: 'insufficient_quota' } } },
    'insufficient_quota',
  ],
]
