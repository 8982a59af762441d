import { cacheKey } from '@headwater/core'
import type { CacheKey } from '@headwater/core'

/** The tag of every cached result, invalidated by every change of the index. */
export const resultsTag: CacheKey = cacheKey('search', 'index')
