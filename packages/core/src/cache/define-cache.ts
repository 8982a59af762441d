import type { Stores } from '../connect/stores.ts'
import { cacheDefaults, type Cache, type CacheOptions } from './cache.ts'
import { CacheAside } from './cache-aside.ts'

/**
 * Defines a read-through cache: no value that it gives is older than a commit that had returned,
 * through `transaction`, before it was asked.
 *
 * @throws TypeError when an option breaks a rule; the message names the rule and the value.
 * @example
 * ```ts
 * const courses = defineCache<number, Course>(stores, { name: 'course', ttlMs: 30 * 60_000, load: loadCourses })
 * const course = orThrow(await courses.get(5))
 * ```
 */
export function defineCache<Id, Value>(
  stores: Stores,
  options: CacheOptions<Id, Value>,
): Cache<Id, Value> {
  const checked = { ...cacheDefaults, ...options }
  checkName(checked.name)
  checkPositive(checked, ['ttlMs', 'absentTtlMs', 'leaseMs', 'maxEntryLength'])
  checkNotNegative(checked, ['graceMs', 'waitMs', 'maxParsedLength'])
  if (!isBetween(checked.refreshAt, 0.1, 1))
    fail(checked.name, 'refreshAt is between 0.1 and 1', checked.refreshAt)
  if (typeof checked.load !== 'function') fail(checked.name, 'load is a function', checked.load)
  const { tags } = checked
  return new CacheAside(stores, {
    ...checked,
    tagsOf: (id) => tags?.(id).map((tag) => tag.text) ?? [],
  })
}

/**
 * Redis keeps expiries in signed 64-bit milliseconds; a hundred years is far from that and long
 * enough for anybody.
 */
const longestMs = 100 * 365 * 24 * 3_600_000

type Numbers<Name extends string> = { readonly name: string } & Readonly<Record<Name, number>>

function checkName(name: unknown): void {
  if (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name))
    fail(String(name), 'a name is 1 to 64 letters, digits, ".", "_" or "-"', name)
}

function checkPositive<Name extends string>(options: Numbers<Name>, names: readonly Name[]): void {
  for (const name of names) {
    if (!isBetween(options[name], 1, longestMs))
      fail(options.name, `${name} is a finite number of at least 1`, options[name])
  }
}

function checkNotNegative<Name extends string>(
  options: Numbers<Name>,
  names: readonly Name[],
): void {
  for (const name of names) {
    if (!isBetween(options[name], 0, longestMs))
      fail(options.name, `${name} is a finite number of at least 0`, options[name])
  }
}

function isBetween(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most
}

function fail(cache: string, rule: string, value: unknown): never {
  throw new TypeError(
    `cache ${JSON.stringify(cache)}: ${rule}: got ${typeof value === 'number' ? String(value) : JSON.stringify(value)}`,
  )
}
