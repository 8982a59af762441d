import { OpenaiError } from './openai-error.ts'

const maxInputs = 2048
const maxTokensPerInput = 8192
const maxTokensPerRequest = 300_000
const fieldNames = new Set(['model', 'input', 'dimensions', 'encoding_format', 'user'])

/** A model of the service. */
export interface EmbeddingModel {
  readonly id: string
  readonly dimensions: number
  /** Whether a request may ask for fewer dimensions. */
  readonly isShortenable: boolean
}

/** A request for embeddings that the service accepts. */
export interface EmbeddingsRequest {
  readonly model: EmbeddingModel
  /** The texts; an input of tokens becomes a text that spells them. */
  readonly texts: readonly string[]
  /** The tokens of all inputs together. */
  readonly tokenCount: number
  readonly dimensions: number
  readonly encodingFormat: 'float' | 'base64'
}

/**
 * Reads the body of a request for embeddings.
 *
 * @throws OpenaiError for what the service refuses.
 */
export function parseEmbeddingsRequest(
  body: string,
  models: readonly EmbeddingModel[],
): EmbeddingsRequest {
  const fields = parseObject(body)
  const unknown = Object.keys(fields).find((name) => !fieldNames.has(name))
  if (unknown !== undefined) throw invalid(`Unrecognized request argument supplied: ${unknown}`)
  const model = modelOf(fields['model'], models)
  const inputs = inputsOf(fields['input'])
  return {
    model,
    texts: inputs.map((input) => (typeof input === 'string' ? input : input.join(' '))),
    tokenCount: countTokens(inputs),
    dimensions: dimensionsOf(fields['dimensions'], model),
    encodingFormat: encodingFormatOf(fields['encoding_format']),
  }
}

function parseObject(body: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>
  } catch {
    throw invalid('We could not parse the JSON body of your request.')
  }
  throw invalid('Invalid type for the request body: expected an object.')
}

function modelOf(value: unknown, models: readonly EmbeddingModel[]): EmbeddingModel {
  if (typeof value !== 'string' || value === '') throw invalid('you must provide a model parameter')
  const model = models.find(({ id }) => id === value)
  if (model !== undefined) return model
  const message = `The model \`${value}\` does not exist or you do not have access to it.`
  throw new OpenaiError({ status: 404, message, code: 'model_not_found' })
}

type Input = string | readonly number[]

function inputsOf(value: unknown): readonly Input[] {
  const inputs = isInput(value) ? [value] : value
  if (!Array.isArray(inputs) || inputs.length === 0 || !inputs.every(isInput))
    throw invalidInput("'$.input' is invalid.")
  if (inputs.length > maxInputs)
    throw invalidInput(`'$.input' is invalid: ${inputs.length} inputs are more than ${maxInputs}.`)
  if (inputs.some((input) => typeof input !== typeof inputs[0]))
    throw invalidInput("'$.input' is invalid: texts and tokens are mixed.")
  return inputs
}

function isInput(value: unknown): value is Input {
  if (typeof value === 'string') return value !== ''
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((token) => Number.isSafeInteger(token) && token >= 0)
  )
}

function countTokens(inputs: readonly Input[]): number {
  let sum = 0
  for (const input of inputs) {
    const tokens = typeof input === 'string' ? estimateTokens(input) : input.length
    if (tokens > maxTokensPerInput) {
      throw invalid(
        `This model's maximum context length is ${maxTokensPerInput} tokens, however you requested ${tokens} tokens.`,
      )
    }
    sum += tokens
  }
  if (sum <= maxTokensPerRequest) return sum
  const message = `Requested ${sum} tokens, max ${maxTokensPerRequest} tokens per request`
  throw new OpenaiError({
    status: 400,
    message,
    type: 'max_tokens_per_request',
    code: 'max_tokens_per_request',
  })
}

/** Estimates one token per four bytes, the service's own rule of thumb. */
function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4)
}

function dimensionsOf(value: unknown, model: EmbeddingModel): number {
  if (value === undefined) return model.dimensions
  if (!model.isShortenable)
    throw invalid('This model does not support specifying dimensions.', 'dimensions')
  if (
    typeof value !== 'number' ||
    !Number.isSafeInteger(value) ||
    value < 1 ||
    value > model.dimensions
  ) {
    throw invalid(
      `Invalid value for 'dimensions' = ${JSON.stringify(value)}. Must be between 1 and ${model.dimensions}.`,
      'dimensions',
    )
  }
  return value
}

function encodingFormatOf(value: unknown): 'float' | 'base64' {
  if (value === undefined || value === 'float') return 'float'
  if (value === 'base64') return 'base64'
  throw invalid(
    `Invalid value: ${JSON.stringify(value)}. Supported values are: 'float' and 'base64'.`,
    'encoding_format',
  )
}

function invalidInput(message: string): OpenaiError {
  return invalid(message, 'input')
}

function invalid(message: string, param?: string): OpenaiError {
  return new OpenaiError({ status: 400, message, ...(param === undefined ? {} : { param }) })
}
