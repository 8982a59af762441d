import type { Runbook } from '../runbook.ts'

/** The page of each check: what mends it stands there at length. */
export const checkRunbooks = {
  'activity-spill': 'activity-spill',
  answers: 'doctor#slow-or-silent',
  checks: 'doctor#slow-or-silent',
  clock: 'doctor#clocks',
  connections: 'postgres-slow',
  core: 'doctor#versions',
  create: 'doctor#rights-and-settings',
  'date-style': 'doctor#rights-and-settings',
  'dead-letters': 'dead-letters',
  eviction: 'cache-hit-rate',
  identity: 'doctor#rights-and-settings',
  index: 'search-degraded',
  info: 'gate-closed',
  memory: 'cache-hit-rate',
  migrations: 'doctor#migrations',
  'near-members': 'doctor#slow-or-silent',
  node: 'doctor#versions',
  outbox: 'relay-lagging',
  peers: 'doctor#versions',
  relay: 'relay-lagging',
  replicas: 'doctor#replicas',
  'replication-slots': 'replication-slot-idle',
  rights: 'doctor#rights-and-settings',
  'search-words': 'doctor#words-of-the-courses',
  server: 'doctor#slow-or-silent',
  transactions: 'snapshot-held',
  version: 'doctor#versions',
} as const satisfies Readonly<Record<string, Runbook>>

/** Names of checks; the same in every version. */
export type CheckName = keyof typeof checkRunbooks
