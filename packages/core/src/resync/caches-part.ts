import type { Stores } from '../connect/stores.ts'
import { okAsync } from '../result.ts'
import type { Resyncable, ResyncFinding, ResyncWork } from './resyncable.ts'

const findings: readonly ResyncFinding[] = [
  { what: 'entries of all caches, in Redis and in processes', outcome: 'void' },
]

/** The caches: which entry is younger than PostgreSQL cannot be told, so that none is used. */
export function cachesPart({ invalidation }: Pick<Stores, 'invalidation'>): Resyncable {
  const work: ResyncWork = {
    plan: () => okAsync(findings),
    apply: () => invalidation.voidAll().map(() => findings),
  }
  return { name: 'caches', store: 'redis', afterRestore: () => work, afterLoss: () => work }
}
