import { readVitals } from '@headwater/core'
import type { CallOptions, ResultAsync, Stores, Vitals } from '@headwater/core'
import { version } from '../version.ts'
import type { Metric, Reading } from './metric.ts'
import { seconds } from './metric.ts'
import type { ActivitySource } from './telemetry-options.ts'

/** Every metric whose value is read when it is asked for. */
export const readMetrics = {
  build: {
    name: 'headwater.build.info',
    unit: '{build}',
    description: 'The version of the packages, as an attribute; always 1.',
    attributes: ['version'],
  },
  trusted: {
    name: 'headwater.cache.trusted',
    unit: '{process}',
    description:
      'Whether reads of this process may use the cache: 1, or 0 while its gate is closed.',
    attributes: [],
    aggregator: 'min',
  },
  connections: {
    name: 'headwater.pool.connections',
    unit: '{connection}',
    description: 'Connections of the pool of PostgreSQL.',
    attributes: ['db.system.name', 'db.client.connection.state'],
    aggregator: 'sum',
  },
  mostConnections: {
    name: 'headwater.pool.max_connections',
    unit: '{connection}',
    description: 'The most connections that the pool of PostgreSQL may have.',
    attributes: ['db.system.name'],
    aggregator: 'sum',
  },
  pendingRequests: {
    name: 'headwater.pool.pending_requests',
    unit: '{request}',
    description: 'Callers that wait for a connection of the pool of PostgreSQL.',
    attributes: ['db.system.name'],
    aggregator: 'sum',
  },
  lag: {
    name: 'headwater.outbox.lag',
    unit: 's',
    description: 'Time since the log moved on from where a sink stands; 0 when it has everything.',
    attributes: ['headwater.sink.name'],
  },
  unowned: {
    name: 'headwater.outbox.unowned_shards',
    unit: '{shard}',
    description: 'Shards of a sink that no relay serves.',
    attributes: ['headwater.sink.name'],
  },
  parked: {
    name: 'headwater.outbox.parked',
    unit: '{event}',
    description:
      'Events that wait for another attempt or behind one, among the newest 10,000 failures.',
    attributes: ['headwater.sink.name'],
  },
  dead: {
    name: 'headwater.outbox.dead',
    unit: '{event}',
    description: 'Events that were given up; 10,000 at most are counted.',
    attributes: ['headwater.sink.name'],
  },
  unreadAge: {
    name: 'headwater.outbox.unread.age',
    unit: 's',
    description:
      'Age of the oldest event that no relay has looked at; grows while none runs, also where ' +
      'none ever did.',
    attributes: [],
  },
  tickAge: {
    name: 'headwater.outbox.tick.age',
    unit: 's',
    description: 'Age of the newest tick of the outbox.',
    attributes: [],
  },
  intents: {
    name: 'headwater.invalidation.intents',
    unit: '{intent}',
    description: 'Invalidations that have not reached Redis yet; 10,000 at most are counted.',
    attributes: [],
  },
  snapshot: {
    name: 'headwater.postgres.oldest_snapshot.age',
    unit: 's',
    description: 'Age of the transaction that holds the oldest snapshot of the database.',
    attributes: [],
  },
  slots: {
    name: 'headwater.postgres.replication_slot.retained',
    unit: 'By',
    description: 'Write-ahead log that PostgreSQL keeps for a replication slot.',
    attributes: ['headwater.postgres.slot', 'headwater.postgres.slot_active'],
  },
  buffered: {
    name: 'headwater.activity.buffered',
    unit: '{event}',
    description: 'Activity that this process holds.',
    attributes: [],
    aggregator: 'sum',
  },
  spilled: {
    name: 'headwater.activity.spilled',
    unit: '{event}',
    description: 'About how much activity waits in PostgreSQL for MongoDB.',
    attributes: [],
  },
  spillLimit: {
    name: 'headwater.activity.spill.limit',
    unit: '{event}',
    description: 'How much activity may wait in PostgreSQL before activity is dropped.',
    attributes: [],
    aggregator: 'min',
  },
  spillAge: {
    name: 'headwater.activity.spill.age',
    unit: 's',
    description: 'How long the oldest spilled activity waits; 0 without any.',
    attributes: [],
  },
} as const satisfies Readonly<Record<string, Metric>>

/** What this process knows without asking anybody. */
export function processReadings({ isCacheTrusted, postgres: { pool } }: Stores): Reading[] {
  const name = 'postgresql'
  const { totalCount, idleCount, waitingCount, options } = pool
  return [
    read(readMetrics.build, 1, version),
    read(readMetrics.trusted, isCacheTrusted ? 1 : 0),
    read(readMetrics.connections, totalCount - idleCount, name, 'used'),
    read(readMetrics.connections, idleCount, name, 'idle'),
    read(readMetrics.mostConnections, options.max, name),
    read(readMetrics.pendingRequests, waitingCount, name),
  ]
}

/** What PostgreSQL knows: the same from every process. */
export function vitalReadings(
  stores: Stores,
  options: CallOptions,
): ResultAsync<readonly Reading[], unknown> {
  return readVitals(stores, options).map((vitals) => [
    ...sinkReadings(vitals),
    read(readMetrics.unreadAge, seconds(vitals.unreadMs)),
    read(readMetrics.tickAge, seconds(vitals.tickAgeMs)),
    read(readMetrics.intents, vitals.intents),
    read(readMetrics.snapshot, seconds(vitals.oldestSnapshotMs)),
    ...vitals.slots.map(({ slot, isActive, retainedBytes }) =>
      read(readMetrics.slots, retainedBytes, slot, String(isActive)),
    ),
  ])
}

function sinkReadings({ sinks }: Vitals): Reading[] {
  return sinks.flatMap(({ sink, behindMs, unowned, parked, dead }) => [
    read(readMetrics.lag, seconds(behindMs), sink),
    read(readMetrics.unowned, unowned, sink),
    read(readMetrics.parked, parked, sink),
    read(readMetrics.dead, dead, sink),
  ])
}

/** What waits on its way to MongoDB. */
export function activityReadings(
  activity: ActivitySource,
  options: CallOptions,
): ResultAsync<readonly Reading[], unknown> {
  return activity
    .backlog(options)
    .map(({ buffered, spilled, oldestSpilledMs, maxSpilled }) => [
      read(readMetrics.buffered, buffered),
      read(readMetrics.spilled, spilled),
      ...(maxSpilled === undefined ? [] : [read(readMetrics.spillLimit, maxSpilled)]),
      read(readMetrics.spillAge, seconds(oldestSpilledMs)),
    ])
}

function read(metric: Metric, value: number, ...attributes: readonly string[]): Reading {
  return { metric, value, attributes }
}
