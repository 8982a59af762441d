import type { DiagnosticEvents, RedisUse, StoreName } from '@headwater/core'
import type { Listen } from './listen.ts'
import type { Measure, Meter } from './metric.ts'
import { errorType, seconds, secondsBounds, word } from './metric.ts'

/** The names that OpenTelemetry has for stores, where it has one. */
export const systemNames: Readonly<Record<StoreName, string>> = {
  postgres: 'postgresql',
  redis: 'redis',
  mongodb: 'mongodb',
  pinecone: 'pinecone',
  openai: 'openai',
}

const system = 'db.system.name'

/** Calls to stores, their errors and breakers, and transactions. */
export function observeStores(listen: Listen, meter: Meter): void {
  observeOperations(listen, meter)
  observeBreakers(listen, meter)
  observeTransactions(listen, meter)
  const errors = meter.counter({
    name: 'headwater.store.errors',
    unit: '{error}',
    description: 'Errors of clients outside any call, such as lost connections.',
    attributes: [system],
  })
  for (const name of Object.values(systemNames)) errors(0, name)
  listen('store:error', ({ store }) => {
    errors(1, systemNames[store])
  })
  const broken = meter.counter({
    name: 'headwater.diagnostics.failed_listeners',
    unit: '{call}',
    description: 'Listeners of diagnostics that threw.',
    attributes: [],
  })
  listen('diagnostics:listener-failed', () => {
    broken(1)
  })
}

function observeOperations(listen: Listen, meter: Meter): void {
  const databases = meter.histogram({
    name: 'db.client.operation.duration',
    unit: 's',
    description: 'Duration of operations of a store.',
    attributes: [system, 'db.operation.name', 'db.collection.name', 'error.type'],
    bounds: secondsBounds,
  })
  const models = meter.histogram({
    name: 'gen_ai.client.operation.duration',
    unit: 's',
    description: 'Duration of requests to the embedder.',
    attributes: ['gen_ai.provider.name', 'gen_ai.operation.name', 'error.type'],
    bounds: [
      0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ],
  })
  const failures = failuresOf(meter)
  listen('store:operation', ({ store, operation, durationMs, outcome }) => {
    const error = errorType(outcome)
    if (error !== '') failures(1, systemNames[store], error)
    if (store === 'openai') models(seconds(durationMs), 'openai', 'embeddings', error)
    else databases(seconds(durationMs), systemNames[store], ...partsOf(store, operation), error)
  })
}

/** Apart from the durations, which drivers may have instead: every kind is there at zero. */
function failuresOf(meter: Meter): Measure {
  const failures = meter.counter({
    name: 'headwater.store.failures',
    unit: '{operation}',
    description: 'Operations of a store that failed, by kind of failure.',
    attributes: [system, 'error.type'],
  })
  for (const name of Object.values(systemNames))
    for (const kind of ['store-unavailable', 'deadline-exceeded', 'store-refused'])
      failures(0, name, kind)
  return failures
}

/** Verb and table of a statement; what is asked of other stores has a name of its own. */
function partsOf(store: StoreName, operation: string): [operation: string, collection: string] {
  const blank = store === 'postgres' ? operation.indexOf(' ') : -1
  return blank === -1 ? [operation, ''] : [operation.slice(0, blank), operation.slice(blank + 1)]
}

const redisUses: readonly RedisUse[] = ['cache', 'invalidation', 'sessions', 'rate-limits']

const breakerStates = { closed: 0, 'half-open': 0.5, open: 1 } as const satisfies Record<
  DiagnosticEvents['breaker:transition']['state'],
  number
>

function observeBreakers(listen: Listen, meter: Meter): void {
  const attributes = [system, 'headwater.store.use']
  const state = meter.gauge({
    name: 'headwater.breaker.state',
    unit: '{state}',
    description: 'The breaker of a store: 0 closed, 0.5 on trial, 1 open.',
    attributes,
  })
  const openings = meter.counter({
    name: 'headwater.breaker.openings',
    unit: '{opening}',
    description: 'Times that the breaker of a store opened.',
    attributes,
  })
  const breakers = [
    ...Object.values(systemNames).map((name) => [name, ''] as const),
    ...redisUses.map((use) => [systemNames.redis, use] as const),
  ]
  for (const breaker of breakers) {
    state(0, ...breaker)
    openings(0, ...breaker)
  }
  listen('breaker:transition', (event) => {
    const labels = [systemNames[event.store], event.use ?? ''] as const
    state(breakerStates[event.state], ...labels)
    openings(event.state === 'open' ? 1 : 0, ...labels)
  })
}

function observeTransactions(listen: Listen, meter: Meter): void {
  const transactions = meter.histogram({
    name: 'headwater.transaction.duration',
    unit: 's',
    description: 'Duration of transactions by how they ended.',
    attributes: ['headwater.transaction.outcome'],
    bounds: secondsBounds,
  })
  const retries = meter.counter({
    name: 'headwater.transaction.retries',
    unit: '{attempt}',
    description: 'Further attempts at transactions.',
    attributes: [],
  })
  listen('transaction:end', (event) => {
    transactions(seconds(event.durationMs), word(event.outcome))
    if (event.retries > 0) retries(event.retries)
  })
  const lost = meter.counter({
    name: 'headwater.transaction.losses',
    unit: '{loss}',
    description: 'Times that an acknowledged transaction was found to be lost by a failover.',
    attributes: [],
  })
  listen('transaction:lost', () => {
    lost(1)
  })
}
