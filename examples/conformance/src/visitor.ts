/** An answer of the API. */
export interface Answer<Body> {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

/** The body of an error. */
export interface ErrorBody {
  readonly error: {
    readonly type: string
    readonly message: string
    readonly field?: string
    readonly issues?: readonly { readonly field: string; readonly message: string }[]
  }
}

/** A visitor with a browser, which keeps the session cookie. */
export class Visitor {
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>
  #cookie: string | undefined

  /** `headers` are sent with every request. */
  constructor(url: string, headers: Readonly<Record<string, string>> = {}, cookie?: string) {
    this.#url = url
    this.#headers = headers
    this.#cookie = cookie
  }

  /** The session cookie as it is sent. */
  get cookie(): string | undefined {
    return this.#cookie
  }

  get<Body = ErrorBody>(path: string): Promise<Answer<Body>> {
    return this.send('GET', path)
  }

  post<Body = ErrorBody>(path: string, body?: unknown): Promise<Answer<Body>> {
    return this.send('POST', path, body)
  }

  patch<Body = ErrorBody>(path: string, body?: unknown): Promise<Answer<Body>> {
    return this.send('PATCH', path, body)
  }

  delete<Body = ErrorBody>(path: string): Promise<Answer<Body>> {
    return this.send('DELETE', path)
  }

  /** Sends a request; a text as body is sent unchanged. */
  async send<Body = ErrorBody>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answer<Body>> {
    const headers = {
      ...this.#headers,
      ...(this.#cookie && { Cookie: this.#cookie }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    }
    const payload = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: payload }),
    })
    const [setCookie] = response.headers.getSetCookie()
    if (setCookie !== undefined) this.#cookie = setCookie.split(';')[0]
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? undefined : JSON.parse(text)) as Body,
    }
  }
}
