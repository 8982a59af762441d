import { addressSubject, createRateLimiter } from '@headwater/core'
import type { RateLimitAnswer, Stores } from '@headwater/core'
import type { Request, RequestHandler, Response } from 'express'
import { callerId } from './caller.ts'
import { type RateLimited, RequestFailed } from './failure.ts'

/** Requests per minute by kind of route, of one signed-in user or else of one address. */
export interface Limits {
  readonly register: number
  readonly login: number
  readonly read: number
  readonly write: number
  readonly search: number
}

/** Defaults of {@link Limits}. */
export const limitDefaults: Limits = { register: 20, login: 10, read: 600, write: 120, search: 120 }

/** Creates the limiters of an application. */
export function createLimits(
  stores: Stores,
  limits: Limits,
): { readonly [Name in keyof Limits]: RequestHandler } {
  const limit = (name: keyof Limits): RequestHandler => {
    const limiter = createRateLimiter(stores, { name, limit: limits[name] })
    return async (request, response, next) => {
      const answer = await limiter.take(subjectOf(request, response))
      announce(response, answer)
      if (!answer.success) throw new RequestFailed(rateLimited(answer.retryAfterMs))
      next()
    }
  }
  return {
    register: limit('register'),
    login: limit('login'),
    read: limit('read'),
    write: limit('write'),
    search: limit('search'),
  }
}

/** Only an existing session is a subject: a forged cookie would have a limit of its own. */
function subjectOf(request: Request, response: Response): string {
  const userId = callerId(response)
  return userId === undefined ? `address ${addressSubject(request.ip ?? '')}` : `user ${userId}`
}

function announce(response: Response, { limit, remaining, resetMs }: RateLimitAnswer): void {
  response.set({
    'RateLimit-Limit': String(limit),
    'RateLimit-Remaining': String(remaining),
    'RateLimit-Reset': String(Math.ceil(resetMs / 1_000)),
  })
}

function rateLimited(retryAfterMs: number): RateLimited {
  return { type: 'rate-limited', message: 'too many requests', retryable: true, retryAfterMs }
}
