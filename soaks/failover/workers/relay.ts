// Delivers the events of the rows to a log and to states, which a Redis keeps that never fails.
import {
  allDelivered,
  createRelay,
  defineSink,
  orThrow,
  type OutboxEvent,
  ResultAsync,
  type Sink,
  type SinkFailure,
  type SinkReport,
  type Stores,
} from '@headwater/core'
import { selectRows, type VersionedRow } from '../../cache/rows.ts'
import { Destination } from '../../outbox/destination.ts'
import { connectStores } from '../rows.ts'
import { raised } from '../tables.ts'
import { work } from '../work.ts'

/** Short, so that a relay whose shards hang on a lost connection loses them soon. */
const leaseMs = 2_000
const drainMs = 20_000
const shared = { types: [raised], batchSize: 100, timeoutMs: 1_000 } as const

function createSinks({ postgres }: Stores, destination: Destination): Sink[] {
  return [
    defineSink({
      ...shared,
      name: 'log',
      mode: 'log',
      handle: (events, { signal }) => taken(destination.append(events.map(effectOf), signal)),
    }),
    defineSink({
      ...shared,
      name: 'state',
      mode: 'state',
      handle: (events, { signal }) =>
        taken(
          postgres.client
            .query<VersionedRow>(selectRows, [events.map(({ aggregateId }) => Number(aggregateId))])
            .then(({ rows }) => destination.replaceOlder(rows.map(stateOf), signal)),
        ),
    }),
  ]
}

function effectOf({ id, payload }: OutboxEvent): { eventId: string; name: string } {
  return { eventId: id, name: (payload as { name: string }).name }
}

function stateOf({ id, version }: VersionedRow) {
  return { account: String(id), version, balance: 0 }
}

/** Whatever fails here is an outage or an interruption, and no mistake of the sink. */
function taken(effect: Promise<void>): ResultAsync<SinkReport, SinkFailure> {
  return ResultAsync.fromPromise(effect, (error) => ({
    type: 'sink-failed' as const,
    retryable: true,
    message: error instanceof Error ? error.message : 'failed',
  })).map(() => allDelivered)
}

await work(async (assignment) => {
  const destination = await Destination.open(assignment.redisUrl, assignment.prefix)
  const stores = await connectStores(assignment)
  const relay = createRelay(stores, {
    sinks: createSinks(stores, destination),
    leaseMs,
    tickMs: 20,
    maxPollMs: 60,
    maxBackOffMs: 500,
  })
  relay.start()
  return {
    drain: async () => (await relay.drain({ deadlineMs: drainMs })).isOk(),
    stop: async () => {
      orThrow(await stores.close({ deadlineMs: 5_000 }))
      destination.close()
    },
  }
})
