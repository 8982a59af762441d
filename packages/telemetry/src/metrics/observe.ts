import type { Diagnostics } from '@headwater/core'
import { observeAccess } from './access-metrics.ts'
import { observeActivity } from './activity-metrics.ts'
import { observeCaches } from './cache-metrics.ts'
import { observeInvalidation } from './invalidation-metrics.ts'
import type { Listen } from './listen.ts'
import type { Meter } from './metric.ts'
import { observeNear } from './near-metrics.ts'
import { observeOutbox } from './outbox-metrics.ts'
import { observeSearch } from './search-metrics.ts'
import { observeStores } from './store-metrics.ts'

/** Turns everything that the SDK reports into metrics; the returned function ends that. */
export function observe(diagnostics: Diagnostics, meter: Meter): () => void {
  const ends: (() => void)[] = []
  const listen: Listen = (name, listener) => {
    ends.push(diagnostics.on(name, listener))
  }
  for (const observeSome of [
    observeStores,
    observeCaches,
    observeNear,
    observeInvalidation,
    observeOutbox,
    observeActivity,
    observeSearch,
    observeAccess,
  ])
    observeSome(listen, meter)
  return () => {
    for (const end of ends) end()
  }
}
