import * as z from 'zod/mini'
import { checkOptions, option, strictOptions } from '../check-options.ts'
import type { Stores } from '../connect/stores.ts'
import { nearDefaults, nearRules } from '../near/near-options.ts'
import { once } from '../once.ts'
import { cacheDefaults, type Cache, type CacheOptions } from './cache.ts'
import { CacheAside } from './cache-aside.ts'
import { ValueCodec } from './codec.ts'
import { NearAudit } from './near/near-audit.ts'
import { NearAside } from './near/near-aside.ts'
import { NearCache } from './near/near-cache.ts'
import { RowKeys } from './row-keys.ts'

/**
 * Defines a read-through cache. It never returns a value older than a commit that had returned,
 * through `transaction`, before the read began.
 *
 * @throws {@link InvalidOptions} when an option breaks a rule.
 * @example
 * ```ts
 * const courses = defineCache<number, Course>(stores, {
 *   name: 'course',
 *   ttlMs: 30 * 60_000,
 *   load: loadCourses,
 * })
 * const course = orThrow(await courses.get(5))
 * ```
 */
export function defineCache<Id, Value>(
  stores: Stores,
  options: CacheOptions<Id, Value>,
): Cache<Id, Value> {
  const checked = { keyName: options.name, ...cacheDefaults, ...options }
  checkOptions('defineCache', schema(), checked)
  stores.invalidation.enlist(options.name)
  const { postgres, invalidation, diagnostics, clock } = stores
  const redis = stores.redis.usedFor('cache')
  const cacheStores = { postgres, redis, invalidation, diagnostics, clock }
  const codec = new ValueCodec(options.name, options.codec)
  const near = options.near ?? invalidation.nearOptions ?? false
  const { maxBytes, auditEveryMs } = {
    ...nearDefaults,
    ...(near === false ? { maxBytes: 0 } : near),
  }
  // Its writers wait for other processes, also where this one keeps nothing.
  const tier = near === false ? undefined : invalidation.startNear()
  if (maxBytes === 0 || tier === undefined) return new CacheAside(cacheStores, checked, { codec })
  const keys = new RowKeys(checked, redis.keyPrefix)
  const keeper = new NearCache({
    cache: options.name,
    maxBytes,
    keyPrefix: redis.keyPrefix,
    keys,
    codec,
    near: tier,
    clock,
    diagnostics,
  })
  const behind = new CacheAside(cacheStores, checked, { codec, keeper })
  const sql = postgres.client
  const compared = { cache: behind, near: keeper, codec, sql, clock, diagnostics }
  return new NearAside({
    behind,
    near: keeper,
    keys,
    audit: auditEveryMs === 0 ? undefined : new NearAudit({ ...compared, everyMs: auditEveryMs }),
  })
}

/** A hundred years: far below the signed 64-bit milliseconds in which Redis keeps expiries. */
const longestMs = 100 * 365 * 24 * 3_600_000

const lifeMs = once(() =>
  z
    .number('expected milliseconds')
    .check(
      z.minimum(1, 'expected at least 1 ms'),
      z.maximum(longestMs, 'expected at most 100 years'),
    ),
)
const spanMs = once(() =>
  option.durationOrNoneMs().check(z.maximum(longestMs, 'expected at most 100 years')),
)

const schema = once(() =>
  strictOptions<CacheOptions<never, never>>({
    name: z
      .string('expected a text')
      .check(z.regex(/^[\w.:-]{1,64}$/, 'expected 1 to 64 letters, digits, ".", "_", "-" or ":"')),
    keyName: z
      .string('expected a text')
      .check(z.regex(/^[\w.-]{1,64}$/, 'expected 1 to 64 letters, digits, ".", "_" or "-"')),
    ttlMs: lifeMs(),
    absentTtlMs: lifeMs(),
    leaseMs: lifeMs(),
    graceMs: spanMs(),
    waitMs: spanMs(),
    softTimeoutMs: spanMs(),
    maxEntryLength: option.count(),
    maxParsedLength: option.countOrNone(),
    refreshAt: z
      .number('expected a number')
      .check(z.minimum(0.1, 'expected 0.1 or more'), z.maximum(1, 'expected 1 or less')),
    load: option.function(),
    entryTtlMs: z.optional(option.function()),
    tags: z.optional(option.function()),
    key: z.optional(option.function()),
    codec: z.optional(option.object()),
    near: z.optional(
      z.union([z.literal(false), nearRules()], 'expected false or an object with maxBytes'),
    ),
  }),
)
