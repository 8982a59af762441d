import { readdirSync } from 'node:fs'
import { okAsync, errAsync } from '@headwater/core'
import { expect, test } from 'vitest'
import type { Findings, StoreState } from '../../src/contract/screens.ts'
import type { ScreenDeps } from '../../src/screen.ts'
import { findingsOf } from '../../src/screens/findings.ts'

interface Seen {
  readonly vitals?: object
  readonly spilled?: number
  readonly isCacheTrusted?: boolean
  readonly drift?: number
  readonly stores?: readonly StoreState[]
  readonly failure?: object
}

const calm = { unread_ms: 0, tick_age_ms: 0, intents: 0, snapshot_age_ms: 0, sinks: [], slots: [] }

function look(seen: Seen): Promise<Findings> {
  const { vitals = {}, spilled = 0, isCacheTrusted = true, drift = 0, stores = [] } = seen
  const query = (text: string) => {
    if (seen.failure !== undefined) return errAsync(seen.failure)
    const row = text.includes('activity_spill') ? { spilled } : { ...calm, ...vitals }
    return okAsync({ rows: [row], rowCount: 1 })
  }
  const deps = {
    reading: { query },
    stores: { isCacheTrusted, redis: { keyPrefix: 'test:' } },
    figures: { drift },
  } as unknown as ScreenDeps
  return findingsOf(deps, Promise.resolve({ isAvailable: true, data: stores }))
}

const mail = { sink: 'mail', behind_ms: 0, unowned: 0, parked: 0, dead: 0 }
const up: StoreState = { name: 'redis', status: 'up', isRequired: true, latencyMs: 1 }

const found: readonly [string, Seen, string, string, string][] = [
  [
    'an old snapshot',
    { vitals: { snapshot_age_ms: 61_000 } },
    'warning',
    'outbox',
    'snapshot-held',
  ],
  [
    'dead letters',
    { vitals: { sinks: [{ ...mail, dead: 1 }] } },
    'warning',
    'outbox',
    'dead-letters',
  ],
  [
    'parked events',
    { vitals: { sinks: [{ ...mail, parked: 1 }] } },
    'warning',
    'outbox',
    'parked-growing',
  ],
  [
    'shards without a relay',
    { vitals: { sinks: [{ ...mail, unowned: 64 }] } },
    'critical',
    'outbox',
    'shards-unowned',
  ],
  [
    'a sink that is behind',
    { vitals: { sinks: [{ ...mail, behind_ms: 61_000 }] } },
    'critical',
    'outbox',
    'relay-lagging',
  ],
  [
    'events that no relay has ever read',
    { vitals: { unread_ms: 61_000 } },
    'critical',
    'outbox',
    'relay-lagging',
  ],
  ['invalidations that wait', { vitals: { intents: 11 } }, 'critical', 'caches', 'intents-growing'],
  [
    'a slot that nobody reads',
    { vitals: { slots: [{ slot: 's', active: false, retained: 2 ** 31 }] } },
    'warning',
    'outbox',
    'replication-slot-idle',
  ],
  ['a spill', { spilled: 3 }, 'warning', 'activity', 'activity-spill'],
  ['a closed gate', { isCacheTrusted: false }, 'critical', 'caches', 'gate-closed'],
  ['drift', { drift: 2 }, 'warning', 'search', 'index-drift'],
  [
    'a store that is down',
    { stores: [{ ...up, status: 'down' }] },
    'critical',
    'overview',
    'redis-failing',
  ],
  [
    'a store that is bypassed',
    { stores: [{ ...up, status: 'degraded' }] },
    'warning',
    'overview',
    'redis-failing',
  ],
]

test.each(found)('Finds %s, and names its screen and runbook', async (_, seen, ...expected) => {
  const { found: findings, unknown } = await look(seen)
  const told = findings.map(({ severity, screen, runbook }) => [severity, screen, runbook])
  expect([told, unknown]).toEqual([[expected], []])
})

test('Finds nothing in a deployment that is well', async () => {
  const slots = [{ slot: 's', active: true, retained: 2 ** 31 }]
  const vitals = { snapshot_age_ms: 59_000, intents: 10, sinks: [mail], slots }
  expect(await look({ vitals, stores: [up] })).toEqual({ found: [], unknown: [] })
})

test('Tells one cause of unread events once, and gives a relay a minute to read them', async () => {
  const late = { unread_ms: 61_000, sinks: [{ ...mail, behind_ms: 61_000 }] }
  const [first, ...others] = (await look({ vitals: late })).found
  expect([first?.text, others]).toEqual(['mail is behind', []])
  expect((await look({ vitals: { unread_ms: 60_000 } })).found).toEqual([])
})

test('Has a page among the runbooks for whatever it finds', () => {
  const pages = readdirSync(new URL('../../../../docs/runbooks', import.meta.url))
  const named = found.map(([, , , , runbook]) => `${runbook}.md`)
  expect(named.filter((page) => !pages.includes(page))).toEqual([])
})

test('What is critical stands first, and what could not be looked at is said', async () => {
  const failure = { type: 'store-unavailable', store: 'postgres', message: 'gone' }
  const { found: findings, unknown } = await look({ drift: 1, isCacheTrusted: false, failure })
  expect(findings.map(({ severity }) => severity)).toEqual(['critical', 'warning'])
  expect(unknown).toEqual([
    'the outbox, snapshots and invalidations: gone',
    'activity that waits for MongoDB: gone',
  ])
})
