/** A page of `docs/runbooks`: what a finding means, how to see it and how to mend it. */
export type Runbook =
  | 'activity-spill'
  | 'cache-hit-rate'
  | 'dead-letters'
  | 'gate-closed'
  | 'index-drift'
  | 'mongodb-failing'
  | 'postgres-slow'
  | 'redis-failing'
  | 'relay-lagging'
  | 'replication-slot-idle'
  | 'search-degraded'
  | 'snapshot-held'

const folder = 'https://github.com/headwater-sdk/headwater/blob/main/docs/runbooks'

/** The address of a page, the same as the alert has. */
export function runbookUrl(page: Runbook): string {
  return `${folder}/${page}.md`
}
