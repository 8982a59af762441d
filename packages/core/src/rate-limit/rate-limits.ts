import type { RedisClientType } from 'redis'
import { isCluster } from '../stores/redis/redis-client.ts'
import { runScript } from '../stores/redis/redis-script.ts'
import { Fallback, type LimitedTake } from './fallback.ts'
import type { Verdict } from './gcra.ts'
import { giveBackScript, takeAllScript, takeScript } from './gcra-scripts.ts'
import {
  answerOf,
  type CheckedLimit,
  checkLimit,
  limitKey,
  scriptValues,
  verdictAt,
} from './limit.ts'
import {
  type OnUnavailable,
  type RateLimitAnswer,
  rateLimiterDefaults,
  type RateLimiterOptions,
  type RateLimiterStores,
} from './rate-limiter.ts'

/** Options of {@link createRateLimits}. */
export interface RateLimitsOptions<Name extends string> {
  /** The limits by name; a name is part of every key of its limit. */
  readonly limits: Readonly<Record<Name, OneLimit>>
  /**
   * What to answer while Redis cannot be asked.
   *
   * @defaultValue `'in-memory'`
   */
  readonly onUnavailable?: OnUnavailable
}

/** One of several limits. */
export type OneLimit = Pick<RateLimiterOptions, 'limit' | 'windowMs'>

/**
 * The answer to one request of several limits: as the strictest of them gave it, which is the one
 * that refuses for the longest time, or else the one with the fewest requests left.
 */
export interface RateLimitsAnswer<Name extends string> extends RateLimitAnswer {
  /** The limits that refuse; none counted the request then. */
  readonly refusedBy: readonly Name[]
  /** What each limit said. */
  readonly limits: Readonly<Partial<Record<Name, RateLimitAnswer>>>
}

/**
 * Limits how often something may be done in several ways at once, per user and per address for
 * instance.
 */
export interface RateLimits<Name extends string> {
  /**
   * Counts one request with every limit that a subject is given for, if all let it pass, and with
   * none otherwise. One round trip; on a cluster, where no script sees several slots, a request
   * that some limits refuse is given back to the others by a second one. Never rejects.
   */
  take(subjects: Readonly<Partial<Record<Name, string | number>>>): Promise<RateLimitsAnswer<Name>>
}

/**
 * Makes limits that are asked together; their counts are shared by every process on the same Redis,
 * and with a {@link createRateLimiter} of one's name.
 *
 * @throws RangeError when a limit or a window breaks a rule.
 * @example
 * ```ts
 * const limits = createRateLimits(stores, { limits: { login: { limit: 5 }, address: { limit: 100, windowMs: 3_600_000 } } })
 * const { success, refusedBy } = await limits.take({ login: email, address: request.ip })
 * ```
 */
export function createRateLimits<Name extends string>(
  stores: RateLimiterStores,
  options: RateLimitsOptions<Name>,
): RateLimits<Name> {
  return new RedisRateLimits(stores, { ...rateLimiterDefaults, ...options })
}

class RedisRateLimits<Name extends string> implements RateLimits<Name> {
  readonly #redis: RateLimiterStores['redis']
  readonly #fallback: Fallback
  readonly #limits: ReadonlyMap<string, CheckedLimit>

  constructor(
    stores: RateLimiterStores,
    { limits, onUnavailable }: Required<RateLimitsOptions<Name>>,
  ) {
    this.#redis = stores.redis
    this.#fallback = new Fallback(stores, onUnavailable)
    this.#limits = new Map(
      Object.entries<OneLimit>(limits).map(([name, limit]) => [
        name,
        checkLimit(name, { ...rateLimiterDefaults, ...limit }),
      ]),
    )
  }

  async take(
    subjects: Readonly<Partial<Record<Name, string | number>>>,
  ): Promise<RateLimitsAnswer<Name>> {
    const takes = this.#takesOf(subjects)
    const names = takes.map(({ name }) => name)
    if (takes.length === 0) return together(names, [])
    const reply = await this.#redis.run('rate limits', (client) =>
      isCluster(client) ? takeApart(client, takes) : takeTogether(client, takes),
    )
    if (reply.isErr()) return together(names, this.#fallback.answers(takes, reply.error))
    this.#fallback.clear()
    return together(
      names,
      reply.value.map((verdict, index) =>
        answerOf((takes[index] as NamedTake<Name>).limit, verdict),
      ),
    )
  }

  #takesOf(subjects: Readonly<Partial<Record<Name, string | number>>>): NamedTake<Name>[] {
    return Object.entries<string | number | undefined>(subjects).flatMap(([name, subject]) => {
      const limit = this.#limits.get(name)
      return limit === undefined || subject === undefined
        ? []
        : [{ name: name as Name, key: limitKey(this.#redis, limit, subject), limit }]
    })
  }
}

interface NamedTake<Name extends string> extends LimitedTake {
  readonly name: Name
}

async function takeTogether(
  client: RedisClientType,
  takes: readonly LimitedTake[],
): Promise<Verdict[]> {
  const call = {
    key: takes.map(({ key }) => key),
    arguments: takes.flatMap(({ limit }) => scriptValues(limit)),
  }
  const reply = (await runScript(client, takeAllScript, call)) as readonly unknown[]
  return takes.map((_, index) => verdictAt(reply, 4 * index))
}

async function takeApart(
  client: RedisClientType,
  takes: readonly LimitedTake[],
): Promise<Verdict[]> {
  const verdicts = await Promise.all(
    takes.map(async ({ key, limit }) =>
      verdictAt(
        (await runScript(client, takeScript, { key, arguments: scriptValues(limit) })) as unknown[],
        0,
      ),
    ),
  )
  if (verdicts.every(({ isAllowed }) => isAllowed)) return verdicts
  return Promise.all(
    verdicts.map(async (verdict, index) => {
      const {
        key,
        limit: { rate },
      } = takes[index] as LimitedTake
      if (!verdict.isAllowed) return verdict
      const resetUs = Number(
        await runScript(client, giveBackScript, { key, arguments: [String(rate.intervalUs)] }),
      )
      return { ...verdict, remaining: verdict.remaining + 1, resetUs }
    }),
  )
}

function together<Name extends string>(
  names: readonly Name[],
  answers: readonly RateLimitAnswer[],
): RateLimitsAnswer<Name> {
  const limits = Object.fromEntries(names.map((name, index) => [name, answers[index]])) as Partial<
    Record<Name, RateLimitAnswer>
  >
  const strictest = answers.toSorted(
    (one, other) => other.retryAfterMs - one.retryAfterMs || one.remaining - other.remaining,
  )[0]
  const refusedBy = names.filter((_, index) => answers[index]?.success === false)
  return { ...(strictest ?? nothingLimits), success: refusedBy.length === 0, refusedBy, limits }
}

const nothingLimits: RateLimitAnswer = {
  success: true,
  limit: Infinity,
  remaining: Infinity,
  resetMs: 0,
  retryAfterMs: 0,
  isDegraded: false,
}
