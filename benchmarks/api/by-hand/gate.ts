import { randomBytes } from 'node:crypto'
import { parseCookie } from 'cookie'
import type { Request, Response } from 'express'
import type { Clients } from '../../flows/by-hand/clients.ts'
import { Refusal } from './refusal.ts'

/** Actions that are limited. */
export type Action = 'read' | 'write' | 'search'

/** Requests of a user, or else of an address, per minute. */
export type Limits = Readonly<Record<Action, number>>

const sessionSeconds = 86_400
const windowSeconds = 60

/** Sessions and limits in Redis, with the keys of the reference design. */
export class Gate {
  readonly #redis: Clients['redis']
  readonly #limits: Limits

  constructor({ redis }: Clients, limits: Limits) {
    this.#redis = redis
    this.#limits = limits
  }

  /** Begins a session and returns its token. */
  async begin(userId: number): Promise<string> {
    const token = randomBytes(32).toString('base64url')
    await this.#redis.hSet(`session:${token}`, { user_id: userId, began_at: Date.now() })
    await this.#redis.expire(`session:${token}`, sessionSeconds)
    return token
  }

  /**
   * Identifies the user and counts the request: two round trips. Without Redis nobody is answered.
   */
  async pass(request: Request, response: Response, action: Action): Promise<number | undefined> {
    const userId = await this.#userOf(request)
    await this.#count(response, action, userId ?? `address:${request.ip ?? ''}`)
    return userId
  }

  async #userOf(request: Request): Promise<number | undefined> {
    const token = parseCookie(request.get('cookie') ?? '')['session']
    if (token === undefined) return undefined
    const key = `session:${token}`
    const [session] = await Promise.all([
      this.#redis.hGetAll(key),
      this.#redis.expire(key, sessionSeconds),
    ])
    return session['user_id'] === undefined ? undefined : parseInt(session['user_id'])
  }

  /** A window of a minute: twice the limit passes around its end. */
  async #count(response: Response, action: Action, subject: number | string): Promise<void> {
    const key = `ratelimit:${subject}:${action}`
    const [count, ttl] = await Promise.all([this.#redis.incr(key), this.#redis.ttl(key)])
    if (ttl < 0) await this.#redis.expire(key, windowSeconds)
    const limit = this.#limits[action]
    const reset = ttl < 0 ? windowSeconds : ttl
    response.set({
      'RateLimit-Limit': String(limit),
      'RateLimit-Remaining': String(Math.max(0, limit - count)),
      'RateLimit-Reset': String(reset),
    })
    if (count <= limit) return
    response.set('Retry-After', String(reset))
    throw new Refusal(429, 'rate-limited', 'too many requests')
  }
}
