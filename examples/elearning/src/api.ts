import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { failureIn, httpStatusOf, notFound, publicFailure, retryAfterOf } from '@headwater/core'
import type { AnswerableFailure } from '@headwater/core'
import { anonymous, type Caller, callerOfToken, memberId, requireRole } from './caller.ts'
import { notSignedIn, refuse, statuses } from './failure.ts'
import { figuresOf } from './figures.ts'
import { keptFor } from './kept-for.ts'
import { createLimits, limitDefaults, type Admission, type Limits } from './limits.ts'
import type { Answer, ApiRequest, Operation } from './operation.ts'
import type { OperationDeps } from './operation-deps.ts'
import { type PasswordCost, passwordDefaults, Passwords } from './password.ts'
import { type Coupons, couponDefaults } from './price.ts'
import { createProofs } from './proofs.ts'
import { runWithin } from './run-within.ts'
import type { Services } from './services.ts'
import { sessionCookie } from './session-cookie.ts'

/** Options of {@link createApi}. */
export interface ApiOptions {
  /**
   * Requests per minute, where they differ from `limitDefaults`.
   *
   * @defaultValue `{}`
   */
  readonly limits?: Partial<Limits>
  /**
   * Whether browsers send the session cookie over TLS only.
   *
   * @defaultValue `false`
   */
  readonly secureCookies?: boolean
  /**
   * The token that whoever reads metrics and readiness sends, as `Authorization: Bearer TOKEN`.
   *
   * @defaultValue none: nobody reads them
   */
  readonly monitorToken?: string | undefined
  /**
   * The secret that signs what the API hands out; the same in every process.
   *
   * @defaultValue a random one of this process
   */
  readonly secret?: string | undefined
  /**
   * The coupons of the shop.
   *
   * @defaultValue `couponDefaults`
   */
  readonly coupons?: Coupons
  /**
   * The cost of a password's hash.
   *
   * @defaultValue `passwordDefaults`
   */
  readonly passwordCost?: PasswordCost
  /**
   * Time for a request, in milliseconds; then its signal is aborted and it is answered with 503.
   *
   * @defaultValue `10_000`
   */
  readonly deadlineMs?: number
  /**
   * Called with every error that ended in a bare 500.
   *
   * @defaultValue silent
   */
  readonly onError?: (error: unknown) => void
}

const apiDefaults = {
  limits: {},
  secureCookies: false,
  coupons: couponDefaults,
  passwordCost: passwordDefaults,
  deadlineMs: 10_000,
  onError: () => undefined,
} as const satisfies ApiOptions

type Settings = ApiOptions & Required<Omit<ApiOptions, 'monitorToken' | 'secret'>>

/** What happens around each of the `operations`, whatever the framework. */
export class Api {
  readonly #services: Services
  readonly #options: Settings
  readonly #deps: OperationDeps
  readonly #limit: ReturnType<typeof createLimits>
  #isClosing = false

  constructor(services: Services, options: ApiOptions) {
    const settings: Settings = { ...apiDefaults, ...options }
    const { limits, secureCookies, coupons, passwordCost, secret = randomBytes(32) } = settings
    this.#services = services
    this.#options = settings
    this.#limit = createLimits(services.stores, { ...limitDefaults, ...limits })
    this.#deps = {
      services,
      coupons,
      passwords: new Passwords(passwordCost),
      cookie: sessionCookie(secureCookies),
      proofs: createProofs(secret),
      isClosing: () => this.#isClosing,
      health: keptFor(1_000, () => services.stores.health()),
      figures: keptFor(1_000, () => figuresOf(services)),
    }
  }

  /** The caller with this header `Cookie`; asks no store for operations without a limit. */
  async identify({ limit }: Operation, cookie: string | undefined): Promise<Caller> {
    const token = limit && this.#deps.cookie.tokenIn(cookie)
    return token === undefined ? anonymous : callerOfToken(this.#services, token)
  }

  /** Counts a request with the limit of its operation. Never rejects. */
  limit(
    operation: Operation,
    request: Pick<ApiRequest, 'caller' | 'address' | 'body'>,
  ): Promise<Admission> {
    return this.#limit(operation, request)
  }

  /** Runs an operation for a caller who may use it. Rejects when the request is refused. */
  run(operation: Operation, request: ApiRequest): Promise<Answer> {
    return runWithin(this.#options.deadlineMs, request.signal, async (signal) => {
      const limited = { ...request, signal }
      await this.#authorize(operation, limited)
      return operation.run(limited, this.#deps)
    })
  }

  /** Does all of it: identifies the caller, applies the limit, runs. Never rejects. */
  async answer(operation: Operation, request: Omit<ApiRequest, 'caller'>): Promise<Answer> {
    const caller = await this.identify(operation, request.header('cookie'))
    const { headers, failure } = await this.limit(operation, { ...request, caller })
    const work =
      failure === undefined ? this.run(operation, { ...request, caller }) : refused(failure)
    const answer = await work.catch((error: unknown) => this.refusalOf(error))
    return { ...answer, headers: { ...headers, ...answer.headers } }
  }

  /** The answer to a request that no operation takes. */
  noSuchOperation(method: string, path: string): Answer {
    const missing = { ...notFound('operation', path), message: `there is no ${method} ${path}` }
    return answerTo(missing)
  }

  /**
   * The answer to a request that ended with an error. All but a `FailureError` is a mistake of our
   * own: it is reported, and the client learns nothing of it.
   */
  refusalOf(error: unknown): Answer {
    const failure = failureIn<AnswerableFailure & { cause?: unknown }>(error)
    if (failure === undefined || httpStatusOf(failure, statuses) === 500)
      this.#options.onError(error)
    return answerTo(failure ?? { type: 'internal', message: '', retryable: false })
  }

  /** Readiness is 503 from now on, so that a load balancer sends no more. */
  beginClose(): void {
    this.#isClosing = true
  }

  /** Whether the host is about to stop. */
  get isClosing(): boolean {
    return this.#isClosing
  }

  /** Refuses a request that does not bring the token of the monitoring. */
  checkMonitor(authorization = ''): void {
    const { monitorToken } = this.#options
    const digest = (text: string) => createHash('sha256').update(text).digest()
    const isRight =
      monitorToken !== undefined &&
      timingSafeEqual(digest(authorization), digest(`Bearer ${monitorToken}`))
    if (!isRight) refuse(notSignedIn)
  }

  async #authorize({ access }: Operation, request: ApiRequest): Promise<void> {
    if (access === 'anyone') return
    if (access === 'monitor') return this.checkMonitor(request.header('authorization'))
    memberId(request.caller)
    if (access !== 'member') await requireRole(this.#services, request, access)
  }
}

/** Headers of every answer. */
export const safetyHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
} as const

async function refused(failure: AnswerableFailure): Promise<never> {
  return refuse(failure)
}

function answerTo(failure: AnswerableFailure): Answer {
  const retryAfter = retryAfterOf(failure, statuses)
  return {
    status: httpStatusOf(failure, statuses),
    headers: retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) },
    body: { error: publicFailure(failure, statuses) },
  }
}
