/** Headers of a refusal that say when to ask again. */
const keptHeaders = ['retry-after', 'retry-after-ms', 'date'] as const

/** Fetches, with every refusal in the shape of OpenAI's, which is the only one its client reads. */
export const fetchOpenai: typeof fetch = async (input, init) => {
  const response = await fetch(input, init)
  return response.ok ? response : asOpenaiRefusal(response)
}

interface Refusal {
  readonly error?: unknown
  readonly message?: unknown
  readonly detail?: unknown
  readonly code?: unknown
  readonly param?: unknown
}

/**
 * Services refuse with `{ error: "…" }`, `{ message: "…" }` and `{ detail: … }` too, and proxies
 * with plain text.
 */
async function asOpenaiRefusal(response: Response): Promise<Response> {
  const text = await response.text()
  const headers = keptHeaders.flatMap((name) => {
    const value = response.headers.get(name)
    return value === null ? [] : [[name, value] as [string, string]]
  })
  return Response.json({ error: openaiErrorIn(text) }, { status: response.status, headers })
}

/** The error that a body holds: its message, code and parameter. */
function openaiErrorIn(text: string): Readonly<Record<string, unknown>> {
  const body = objectIn(text)
  if (body === undefined) return { message: text }
  const { error, message, detail, code, param } = body
  if (isObject(error)) return { ...error }
  const said = error ?? message ?? detail ?? text
  return { message: typeof said === 'string' ? said : JSON.stringify(said), code, param }
}

function objectIn(text: string): Refusal | undefined {
  try {
    const body: unknown = JSON.parse(text)
    return isObject(body) ? body : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
