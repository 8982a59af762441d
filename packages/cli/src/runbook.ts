import type { StoreName } from '@headwater/core'

const folder = 'https://github.com/headwater-sdk/headwater/blob/main/docs/runbooks'

/** A page of `docs/runbooks`, with a heading where it has many. */
export type Runbook =
  | 'activity-spill'
  | 'cache-hit-rate'
  | 'dead-letters'
  | 'gate-closed'
  | 'mongodb-failing'
  | 'parked-growing'
  | 'postgres-slow'
  | 'redis-failing'
  | 'relay-lagging'
  | 'replication-slot-idle'
  | 'search-degraded'
  | 'snapshot-held'
  | `doctor#${DoctorHeading}`

type DoctorHeading =
  | 'clocks'
  | 'migrations'
  | 'postgresql-is-down'
  | 'replicas'
  | 'rights-and-settings'
  | 'slow-or-silent'
  | 'versions'
  | 'words-of-the-courses'

/** The address of a page, the same as the alert has. */
export function runbookUrl(runbook: Runbook): string {
  const [page = '', heading] = runbook.split('#')
  return `${folder}/${page}.md${heading === undefined ? '' : `#${heading}`}`
}

/** The page of a store that does not answer. */
export const storeRunbooks = {
  postgres: 'doctor#postgresql-is-down',
  redis: 'redis-failing',
  mongodb: 'mongodb-failing',
  pinecone: 'search-degraded',
  openai: 'search-degraded',
} as const satisfies Readonly<Record<StoreName, Runbook>>

const failureRunbooks: ReadonlyMap<unknown, Runbook> = new Map([
  ['spill-stuck', 'activity-spill'],
  ['outbox-restored', 'relay-lagging'],
  ['migrations-pending', 'doctor#migrations'],
  ['migration-failed', 'doctor#migrations'],
])
const ofStores: readonly unknown[] = ['store-unavailable', 'deadline-exceeded']

/** The address of the page that says what to do about a failure, where one does. */
export function runbookOf(failure: object): string | undefined {
  const type: unknown = Reflect.get(failure, 'type')
  const store: unknown = Reflect.get(failure, 'store')
  const isOfStore = ofStores.includes(type) && typeof store === 'string'
  const page = isOfStore
    ? new Map<string, Runbook>(Object.entries(storeRunbooks)).get(store)
    : failureRunbooks.get(type)
  return page === undefined ? undefined : runbookUrl(page)
}
