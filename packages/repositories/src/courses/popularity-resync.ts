import { okAsync } from '@headwater/core'
import type { Resyncable, ResyncFinding, ResyncWork } from '@headwater/core'
import type { Popularity } from './popularity.ts'

const findings: readonly ResyncFinding[] = [
  { what: 'courses by number of students', outcome: 'rebuilt' },
]

/** The order by popularity in Redis: rebuilt from PostgreSQL, whatever it was. */
export function popularityResync(popularity: Popularity): Resyncable {
  const work: ResyncWork = {
    plan: () => okAsync(findings),
    apply: () => popularity.rebuild().map(() => findings),
  }
  return { name: 'popularity', store: 'redis', afterRestore: () => work, afterLoss: () => work }
}
