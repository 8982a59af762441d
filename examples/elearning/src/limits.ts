import { addressSubject, createRateLimits } from '@headwater/core'
import type { RateLimitAnswer, Stores } from '@headwater/core'
import { callerId } from './caller.ts'
import type { RateLimited } from './failure.ts'
import type { ApiRequest, LimitedAction, Operation } from './operation.ts'

/** Requests per minute. */
export interface Limits {
  /** Registrations from one address. */
  readonly register: number
  /** Passwords tried on one account, whoever tries them. */
  readonly login: number
  /** Passwords tried from one address, on whichever accounts. */
  readonly loginAddress: number
  /** Reads by one user, or else from one address. */
  readonly read: number
  /** Writes by one user, or else from one address. */
  readonly write: number
  /** Searches by one user, or else from one address. */
  readonly search: number
}

/** Defaults of {@link Limits}. */
export const limitDefaults: Limits = {
  register: 20,
  login: 10,
  loginAddress: 30,
  read: 600,
  write: 120,
  search: 120,
}

/** The verdict of the limits on a request. */
export interface Admission {
  /** The headers that announce the limit. */
  readonly headers: Readonly<Record<string, string>>
  /** The reason to refuse it. */
  readonly failure?: RateLimited
}

type Limited = Pick<ApiRequest, 'caller' | 'address' | 'body'>

/** Creates the limits of all operations: one Redis round trip for a request. */
export function createLimits(
  stores: Stores,
  limits: Limits,
): (operation: Operation, request: Limited) => Promise<Admission> {
  const rates = createRateLimits(stores, {
    limits: {
      register: { limit: limits.register },
      login: { limit: limits.login },
      loginAddress: { limit: limits.loginAddress },
      read: { limit: limits.read },
      write: { limit: limits.write },
      search: { limit: limits.search },
    },
  })
  return async (operation, request) => {
    if (operation.limit === undefined) return { headers: {} }
    const answer = await rates.take(subjectsOf(operation, operation.limit, request))
    const headers = announced(answer)
    return answer.success ? { headers } : { headers, failure: rateLimited(answer.retryAfterMs) }
  }
}

/** Only an existing session is a subject: a forged cookie would have a limit of its own. */
function subjectsOf(
  { account }: Operation,
  action: LimitedAction,
  { caller, address, body }: Limited,
): Partial<Record<keyof Limits, string>> {
  const from = `address ${addressSubject(address)}`
  const userId = callerId(caller)
  const user = userId === undefined ? undefined : `user ${userId}`
  if (action === 'register') return { register: from }
  if (action !== 'login') return { [action]: user ?? from }
  const tried = account === undefined ? user : account(body)
  return { loginAddress: from, ...(tried !== undefined && { login: tried }) }
}

function announced({ limit, remaining, resetMs }: RateLimitAnswer): Record<string, string> {
  return {
    'RateLimit-Limit': String(limit),
    'RateLimit-Remaining': String(remaining),
    'RateLimit-Reset': String(Math.ceil(resetMs / 1_000)),
  }
}

function rateLimited(retryAfterMs: number): RateLimited {
  return { type: 'rate-limited', message: 'too many requests', retryable: true, retryAfterMs }
}
