import type { RedisClientType } from '@redis/client'
import * as z from 'zod/mini'
import { checkOptions, option, strictOptions } from '../check-options.ts'
import type { StoreError } from '../errors.ts'
import { once } from '../once.ts'
import type { ResultAsync } from '../result.ts'
import { isCluster } from '../stores/redis/redis-client.ts'
import { Fallback } from './fallback.ts'
import type { Verdict } from './gcra.ts'
import {
  answerOf,
  checkedCost,
  type CheckedLimit,
  checkedLimit,
  limitKey,
  type LimitedTake,
  limitRules,
  onUnavailableRule,
  reportTaken,
} from './limit.ts'
import {
  type RateLimitAnswer,
  rateLimiterDefaults,
  type RateLimiterStores,
  type TakeOptions,
} from './rate-limiter.ts'
import type {
  LimitSubjects,
  OneLimit,
  RateLimits,
  RateLimitsAnswer,
  RateLimitsOptions,
} from './rate-limits.ts'
import { look } from './scripts/look.ts'
import { takeAll } from './scripts/take-all.ts'
import { take } from './scripts/take.ts'
import { untake } from './scripts/untake.ts'

const rules = once(() =>
  strictOptions<RateLimitsOptions<string>>({
    limits: z.record(option.text(), strictOptions<OneLimit>(limitRules())),
    onUnavailable: onUnavailableRule(),
  }),
)

/**
 * Creates limits that are asked together. Their counts are shared by every process on the same
 * Redis, and with a `createRateLimiter` of the same name.
 *
 * @throws {@link InvalidOptions} when an option breaks a rule.
 * @example
 * ```ts
 * const limits = createRateLimits(stores, {
 *   limits: { login: { limit: 5 }, address: { limit: 100, windowMs: 3_600_000 } },
 * })
 * const { success, refusedBy } = await limits.take({ login: email, address: request.ip })
 * ```
 */
export function createRateLimits<Name extends string>(
  stores: RateLimiterStores,
  options: RateLimitsOptions<Name>,
): RateLimits<Name> {
  const limits = Object.fromEntries(
    Object.entries<OneLimit>(options.limits).map(([name, limit]) => [
      name,
      { windowMs: rateLimiterDefaults.windowMs, ...limit },
    ]),
  )
  const settings = { onUnavailable: rateLimiterDefaults.onUnavailable, ...options, limits }
  return new RedisRateLimits(stores, checkOptions('createRateLimits', rules(), settings))
}

class RedisRateLimits<Name extends string> implements RateLimits<Name> {
  readonly #redis: RateLimiterStores['redis']
  readonly #diagnostics: RateLimiterStores['diagnostics']
  readonly #fallback: Fallback
  readonly #limits: ReadonlyMap<string, CheckedLimit>

  constructor(
    stores: RateLimiterStores,
    {
      limits,
      onUnavailable,
    }: { limits: Record<string, Required<OneLimit>> } & Required<
      Pick<RateLimitsOptions<Name>, 'onUnavailable'>
    >,
  ) {
    this.#redis = stores.redis.usedFor('rate-limits')
    this.#diagnostics = stores.diagnostics
    this.#fallback = new Fallback(stores, onUnavailable)
    this.#limits = new Map(
      Object.entries(limits).map(([name, limit]) => [name, checkedLimit(name, limit)]),
    )
  }

  async take(
    subjects: LimitSubjects<Name>,
    options: TakeOptions = {},
  ): Promise<RateLimitsAnswer<Name>> {
    const answer = await this.#ask(subjects, options, { isCounted: true })
    reportTaken(this.#diagnostics, answer.limits)
    return answer
  }

  peek(subjects: LimitSubjects<Name>, options: TakeOptions = {}): Promise<RateLimitsAnswer<Name>> {
    return this.#ask(subjects, options, { isCounted: false })
  }

  reset(subjects: LimitSubjects<Name>): ResultAsync<void, StoreError> {
    const keys = this.#takesOf(subjects).map(({ key }) => key)
    for (const key of keys) this.#fallback.forget(key)
    return this.#redis
      .run('reset rate limits', (client) => Promise.all(keys.map((key) => client.unlink(key))))
      .map(() => undefined)
  }

  async #ask(
    subjects: LimitSubjects<Name>,
    options: TakeOptions,
    { isCounted }: { readonly isCounted: boolean },
  ): Promise<RateLimitsAnswer<Name>> {
    const takes = this.#takesOf(subjects)
    const names = takes.map(({ name }) => name)
    const cost = checkedCost(
      takes.map(({ limit }) => limit),
      options,
    )
    if (takes.length === 0) return answerTogether(names, [])
    const decide = isCounted ? takeTogether : lookTogether
    const verdicts = await this.#redis.run('rate limits', (client) => decide(client, takes, cost))
    if (verdicts.isErr())
      return answerTogether(
        names,
        this.#fallback.answers(takes, { cost, isCounted }, verdicts.error),
      )
    this.#fallback.clear()
    return answerTogether(
      names,
      verdicts.value.map((verdict, at) => answerOf((takes[at] as LimitedTake).limit, verdict)),
    )
  }

  #takesOf(subjects: LimitSubjects<Name>): NamedTake<Name>[] {
    return Object.entries<string | number | undefined>(subjects).flatMap(([name, subject]) => {
      const limit = this.#limits.get(name)
      if (limit === undefined) throw new TypeError(`there is no rate limit ${name}`)
      return subject === undefined
        ? []
        : [{ name: name as Name, key: limitKey(this.#redis, limit, subject), limit }]
    })
  }
}

interface NamedTake<Name extends string> extends LimitedTake {
  readonly name: Name
}

function takeTogether(
  client: RedisClientType,
  takes: readonly LimitedTake[],
  cost: number,
): Promise<Verdict[]> {
  if (isCluster(client)) return takeApart(client, takes, cost)
  const asked = takes.map(({ key, limit: { rate } }) => ({ key, rate }))
  return takeAll(client, asked, cost)
}

/** For a cluster: each limit counts on its own; a request that one refuses is uncounted again. */
async function takeApart(
  client: RedisClientType,
  takes: readonly LimitedTake[],
  cost: number,
): Promise<Verdict[]> {
  const verdicts = await Promise.all(
    takes.map(({ key, limit }) => take(client, key, limit.rate, cost)),
  )
  if (verdicts.every(({ isAllowed }) => isAllowed)) return verdicts
  return Promise.all(
    verdicts.map(async (verdict, at) => {
      if (!verdict.isAllowed) return verdict
      const { key, limit } = takes[at] as LimitedTake
      const resetUs = await untake(client, key, limit.rate, cost)
      return { ...verdict, remaining: verdict.remaining + cost, resetUs }
    }),
  )
}

function lookTogether(
  client: RedisClientType,
  takes: readonly LimitedTake[],
  cost: number,
): Promise<Verdict[]> {
  return Promise.all(takes.map(({ key, limit }) => look(client, key, limit.rate, cost)))
}

function answerTogether<Name extends string>(
  names: readonly Name[],
  answers: readonly RateLimitAnswer[],
): RateLimitsAnswer<Name> {
  const limits = Object.fromEntries(names.map((name, at) => [name, answers[at]])) as Partial<
    Record<Name, RateLimitAnswer>
  >
  const strictest = answers.toSorted(
    (one, other) => other.retryAfterMs - one.retryAfterMs || one.remaining - other.remaining,
  )[0]
  const refusedBy = names.filter((_, at) => answers[at]?.success === false)
  return { ...(strictest ?? unlimited), success: refusedBy.length === 0, refusedBy, limits }
}

/** The answer when no limit has a subject. */
const unlimited: RateLimitAnswer = {
  success: true,
  limit: Infinity,
  remaining: Infinity,
  resetMs: 0,
  retryAfterMs: 0,
  isDegraded: false,
}
