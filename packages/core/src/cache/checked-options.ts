import type { CacheOptions, cacheDefaults } from './cache.ts'

/** Options with every default filled in and every rule checked. */
export type CheckedOptions<Id, Value> = CacheOptions<Id, Value> &
  Required<Pick<CacheOptions<Id, Value>, keyof typeof cacheDefaults | 'keyName'>>
