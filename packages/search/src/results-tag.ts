import { cacheKey } from '@headwater/core'
import type { CacheKey } from '@headwater/core'

/**
 * A tag of every cached result: invalidated whenever the index has changed, so that what was
 * published is found.
 */
export const resultsTag: CacheKey = cacheKey('search', 'index')
