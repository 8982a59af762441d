import { InvalidOptions } from '@headwater/core'
import { describe, expect, test } from 'vitest'
import { checkCacheOptions, repositoryCacheDefaults } from '../src/cache-options.ts'
import type { RepositoryCacheOptions } from '../src/cache-options.ts'

describe('checkCacheOptions', () => {
  test('Without options every cache has its defaults', () => {
    expect(checkCacheOptions()).toEqual(repositoryCacheDefaults)
  })

  test('An option of one cache leaves its other options and all other caches at their defaults', () => {
    expect(checkCacheOptions({ courses: { ttlMs: 1_000 } })).toEqual({
      ...repositoryCacheDefaults,
      courses: { ttlMs: 1_000, graceMs: repositoryCacheDefaults.courses.graceMs },
    })
  })

  const wrong: [options: RepositoryCacheOptions, message: string][] = [
    [{ users: { ttlMs: 0 } }, 'caches.users.ttlMs: expected more than 0 ms: got 0'],
    [{ users: { ttlMs: Number.NaN } }, 'caches.users.ttlMs: expected milliseconds: got NaN'],
    [{ courses: { graceMs: -1 } }, 'caches.courses.graceMs: expected 0 ms or more: got -1'],
    [{ courses: { refreshAt: 2 } }, 'caches.courses.refreshAt: expected 1 or less: got 2'],
    [
      { userEnrollments: { ttl: 5 } as object },
      'caches.userEnrollments.ttl: unknown: the closest option is ttlMs: got 5',
    ],
    [
      { lessons: {} } as object,
      'caches.lessons: unknown: the options are users, courses, userEnrollments: got an object',
    ],
  ]
  test.each(wrong)('Options %j are refused with a message that names them', (options, message) => {
    expect(() => checkCacheOptions(options)).toThrow(
      new InvalidOptions(`createRepositories: ${message}`),
    )
  })
})
