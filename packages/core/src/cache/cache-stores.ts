import type { Stores } from '../connect/stores.ts'

/** The stores that a cache needs; its Redis is the one that is used for caches. */
export type CacheStores = Pick<
  Stores,
  'postgres' | 'redis' | 'invalidation' | 'diagnostics' | 'clock'
>
