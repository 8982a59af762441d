import { missingTableAs, readVitals } from '@headwater/core'
import type { PostgresStore, ResultAsync, SqlError, Stores, Vitals } from '@headwater/core'
import type { Finding, Findings, StoreState } from '../contract/screens.ts'
import type { Section } from '../contract/section.ts'
import type { Figures } from '../figures/figures.ts'
import type { ScreenDeps } from '../screen.ts'
import { section } from '../section.ts'
import { selectSpilled } from './activity-queries.ts'

/** As in the rules of the alerts, but sooner: who looks wants to know before the alarm. */
const heldMs = 60_000
const behindMs = 60_000
const idleBytes = 1_073_741_824
const manyIntents = 10

/** What somebody should look at, the worst first, and what could not be looked at. */
export async function findingsOf(
  { stores, reading, figures }: ScreenDeps,
  states: Promise<Section<readonly StoreState[]>>,
): Promise<Findings> {
  const [known, vitals, spilled] = await Promise.all([
    states,
    section(() => readVitals({ postgres: reading, redis: stores.redis })),
    section(() => spilledOf(reading)),
  ])
  const found = [
    ...(known.isAvailable ? known.data.flatMap(ofStore) : []),
    ...ofCache(stores),
    ...(vitals.isAvailable ? ofVitals(vitals.data) : []),
    ...(spilled.isAvailable ? ofSpill(spilled.data) : []),
    ...ofIndex(figures),
  ]
  const isCritical = ({ severity }: Finding) => severity === 'critical'
  return {
    found: [...found.filter(isCritical), ...found.filter((finding) => !isCritical(finding))],
    unknown: [
      ...unknown('the outbox, snapshots and invalidations', vitals),
      ...unknown('activity that waits for MongoDB', spilled),
    ],
  }
}

function unknown(what: string, part: Section<unknown>): readonly string[] {
  return part.isAvailable ? [] : [`${what}: ${part.reason}`]
}

/** A deployment without the tables of the repositories spills nothing. */
function spilledOf(reading: PostgresStore): ResultAsync<number, SqlError> {
  return reading
    .query<{ spilled: number }>(selectSpilled)
    .map(({ rows: [row] }) => row?.spilled ?? 0)
    .orElse(missingTableAs(0))
}

const runbookOf: Readonly<Record<string, string>> = {
  postgres: 'postgres-slow',
  redis: 'redis-failing',
  mongodb: 'mongodb-failing',
  pinecone: 'search-degraded',
}

function ofStore({ name, status, isRequired }: StoreState): readonly Finding[] {
  if (status === 'up') return []
  const isDown = status === 'down'
  const text = isDown ? `${name} does not answer` : `${name} answers, and is bypassed in part`
  const severity = isDown && isRequired ? 'critical' : 'warning'
  return [{ severity, text, screen: 'overview', runbook: runbookOf[name] ?? 'application-gone' }]
}

function ofCache({ isCacheTrusted }: Pick<Stores, 'isCacheTrusted'>): readonly Finding[] {
  if (isCacheTrusted) return []
  const text = 'The gate is closed: this process bypasses the cache'
  return [{ severity: 'critical', text, screen: 'caches', runbook: 'gate-closed' }]
}

function ofVitals(vitals: Vitals): readonly Finding[] {
  const { sinks, intents, oldestSnapshotMs, slots } = vitals
  const found: Finding[] = [...ofUnread(vitals), ...sinks.flatMap(ofSink)]
  if (oldestSnapshotMs > heldMs)
    found.push({
      severity: 'warning',
      text: 'A transaction holds an old snapshot, so that nothing is cleaned up',
      forMs: oldestSnapshotMs,
      screen: 'outbox',
      runbook: 'snapshot-held',
    })
  if (intents > manyIntents)
    found.push({
      severity: 'critical',
      text: `${intents} invalidations have not reached Redis`,
      screen: 'caches',
      runbook: 'intents-growing',
    })
  for (const { slot, isActive, retainedBytes } of slots)
    if (!isActive && retainedBytes > idleBytes)
      found.push({
        severity: 'warning',
        text: `Nobody reads the replication slot ${slot}, for which PostgreSQL keeps its log`,
        screen: 'outbox',
        runbook: 'replication-slot-idle',
      })
  return found
}

/** A sink is there once a relay has run; from then on it is behind when none does. */
function ofUnread({ sinks, unreadMs }: Vitals): readonly Finding[] {
  if (sinks.length > 0 || unreadMs <= behindMs) return []
  const text = 'No relay has run yet: published events wait'
  const where = { screen: 'outbox', runbook: 'relay-lagging' } as const
  return [{ severity: 'critical', text, forMs: unreadMs, ...where }]
}

function ofSink({ sink, behindMs: behind, unowned, parked, dead }: Vitals['sinks'][number]) {
  const found: Finding[] = []
  const add = (text: string, runbook: string, more: Partial<Finding> = {}) =>
    found.push({ severity: 'warning', text, screen: 'outbox', runbook, ...more })
  if (unowned > 0)
    add(`${sink}: no relay serves ${unowned} of its shards`, 'shards-unowned', {
      severity: 'critical',
    })
  if (behind > behindMs)
    add(`${sink} is behind`, 'relay-lagging', { severity: 'critical', forMs: behind })
  if (dead > 0) add(`${sink} has given up ${dead} events`, 'dead-letters')
  if (parked > 0) add(`${sink}: ${parked} events wait for another attempt`, 'parked-growing')
  return found
}

function ofSpill(spilled: number): readonly Finding[] {
  if (spilled === 0) return []
  const text = `${spilled} entries of the activity log wait in PostgreSQL for MongoDB`
  return [{ severity: 'warning', text, screen: 'activity', runbook: 'activity-spill' }]
}

/** As this process has last compared it. */
function ofIndex({ drift }: Pick<Figures, 'drift'>): readonly Finding[] {
  if (drift === 0) return []
  const text = `The index differed from PostgreSQL in ${drift} records when it was last verified`
  return [{ severity: 'warning', text, screen: 'search', runbook: 'index-drift' }]
}
