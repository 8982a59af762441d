/** What the server said: a value, or why there is none. */
export type Answer<T> =
  { readonly isOk: true; readonly value: T } | { readonly isOk: false; readonly reason: string }

/** What an action did. */
export interface Deed<T = unknown> {
  readonly outcome: string
  readonly data?: T
}

/** Beside the script, wherever the host serves it. */
const root = new URL(/* @vite-ignore */ 'api/', import.meta.url)
/** No form, image or link of another site can send it. */
const fromPage = { 'X-Headwater-Console': '1' }
const showMs = 10_000
const actMs = 60_000

/** Asks for a view. Never rejects. */
export function show<T>(
  view: string,
  query: Readonly<Record<string, string>> = {},
): Promise<Answer<T>> {
  const search = new URLSearchParams(query).toString()
  const signal = AbortSignal.timeout(showMs)
  return ask(`${view}${search === '' ? '' : `?${search}`}`, { headers: fromPage, signal })
}

/** Acts. Never rejects. */
export function act<T = unknown>(action: string, input: object): Promise<Answer<Deed<T>>> {
  return ask(action, {
    method: 'POST',
    headers: { ...fromPage, 'Content-Type': 'application/json' },
    body: JSON.stringify(input),
    signal: AbortSignal.timeout(actMs),
  })
}

async function ask<T>(path: string, init: RequestInit): Promise<Answer<T>> {
  try {
    const response = await fetch(new URL(path, root), init)
    const body = await response.text()
    const type = response.headers.get('Content-Type') ?? ''
    // A proxy may add a charset.
    const isJson = type.startsWith('application/json')
    if (response.ok && isJson) return { isOk: true, value: JSON.parse(body) as T }
    return { isOk: false, reason: isJson ? reasonIn(body) : sentenceIn(body, type) }
  } catch (error) {
    return { isOk: false, reason: silence(init.method === 'POST', error) }
  }
}

/** An action that a browser no longer waits for goes on. */
function silence(isAction: boolean, error: unknown): string {
  const isLate = error instanceof DOMException && error.name === 'TimeoutError'
  return isAction && isLate
    ? 'it takes more than a minute: the audit says how it ends'
    : 'the console does not answer'
}

function reasonIn(body: string): string {
  return (JSON.parse(body) as { readonly error: { readonly message: string } }).error.message
}

/** A page in the place of an answer is that of a proxy: a form to sign in, most often. */
function sentenceIn(body: string, type: string): string {
  return type.startsWith('text/plain')
    ? body.trim()
    : 'something in front of the console answers in its place: are you still signed in?'
}
