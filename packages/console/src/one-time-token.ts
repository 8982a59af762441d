import { randomBytes, timingSafeEqual } from 'node:crypto'
import { digest } from '@headwater/core'
import { answer } from './http/answer.ts'
import { refusalOf } from './http/check-request.ts'

/** Options of a {@link OneTimeToken}. */
export interface OneTimeTokenOptions {
  /** The hosts under which it may be brought. */
  readonly hosts: readonly string[]
  /** Name of the cookie that it is exchanged for; a browser has one jar for all ports of a host. */
  readonly cookie: string
}

/** A secret in an address: the first browser that brings it gets a cookie, and no other does. */
export class OneTimeToken {
  /** The secret, for the address. */
  readonly text = secret()
  readonly #hosts: ReadonlySet<string>
  readonly #cookie: string
  readonly #session = secret()
  #isUsed = false

  constructor({ hosts, cookie }: OneTimeTokenOptions) {
    this.#hosts = new Set(hosts)
    this.#cookie = cookie
  }

  /** Answers a request that brings the secret for the first time. */
  exchange(request: Request): Response | undefined {
    const brought = new URL(request.url).searchParams.get('token')
    if (brought === null || this.#isUsed || !areEqual(brought, this.text)) return undefined
    const refusal = refusalOf(request, { hosts: this.#hosts, isApi: false })
    if (request.method !== 'GET' || refusal !== undefined) return undefined
    this.#isUsed = true
    return answer(303, null, {
      Location: './',
      'Set-Cookie': `${this.#cookie}=${this.#session}; HttpOnly; SameSite=Strict; Path=/`,
    })
  }

  /** Whether a request comes from the browser that brought the secret. */
  wasBroughtBy({ headers }: Request): boolean {
    const cookies = (headers.get('cookie') ?? '').split(';').map((cookie) => cookie.trim())
    const own = cookies.find((cookie) => cookie.startsWith(`${this.#cookie}=`))
    return own !== undefined && areEqual(own.slice(this.#cookie.length + 1), this.#session)
  }
}

function secret(): string {
  return randomBytes(32).toString('base64url')
}

/** Takes the same time wherever they differ. */
function areEqual(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(digest(one)), Buffer.from(digest(other)))
}
