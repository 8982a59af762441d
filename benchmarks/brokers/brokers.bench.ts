// Deliveries from the outbox to a broker, against its bare client that publishes the same events
// from memory and waits for confirmations.
import { createRelay, orThrow, type Sink, type Stores } from '@headwater/core'
import { brokerSinkDefaults } from '@headwater/brokers'
import { natsSink } from '@headwater/brokers/nats'
import { bench, type Figures } from '../measure/bench.ts'
import { runContest } from '../measure/contest.ts'
import { eventCount, fillLog } from '../outbox/backlog.ts'
import { openOutboxFixture, type OutboxFixture } from '../outbox/outbox-fixture.ts'
import { publishAll, publishPayload, publishWhole, readLog, type PublishOne } from './bare-nats.ts'
import { openNatsFixture, subjectPrefix, type NatsFixture } from './nats-fixture.ts'
import { startNats } from './nats-server.ts'

const settings = { fsync: 'on', full_page_writes: 'on', wal_level: 'replica' }

await bench(
  async ({ isJson, values, ...servers }) => {
    const alternations = Number(values.rounds)
    const rounds = { alternations, warmUps: alternations > 1 ? 1 : 0 }
    const server = await startNats()
    const outbox = await openOutboxFixture(servers)
    const nats = await openNatsFixture(server)
    const contest = async (name: string, publish: PublishOne) =>
      runContest(name, contestOf({ outbox, nats }, publish), {
        rounds,
        isProfiled: !isJson,
        profiledRounds: 1,
      })
    try {
      const whole = await contest('natsVsBare', publishWhole)
      const bare = await contest('natsVsBareWithoutEnvelope', publishPayload)
      const figures: Figures = {
        natsVsBare: whole.timesFaster,
        natsVsBareWithoutEnvelope: bare.timesFaster,
        natsPerSecond: 1e6 / whole.oursUs,
      }
      return figures
    } finally {
      await nats.close()
      await outbox.close()
      await server.stop()
    }
  },
  { postgres: { settings }, options: { rounds: '5' } },
)

interface Sides {
  readonly outbox: OutboxFixture
  readonly nats: NatsFixture
}

function contestOf({ outbox, nats }: Sides, publish: PublishOne) {
  const sink = natsSink({ connection: nats.connection, source: '/bench', subjectPrefix })
  const { batchSize } = brokerSinkDefaults
  const prepare = async () => {
    await fillLog(outbox.client)
    await nats.empty()
  }
  const check = async () => {
    const count = await nats.count()
    if (count !== eventCount) throw new Error(`the stream has ${count} of ${eventCount} events`)
  }
  return {
    ours: async () => {
      await prepare()
      return async () => {
        await relayAll(outbox.stores, sink)
        await check()
      }
    },
    theirs: async () => {
      await prepare()
      const events = await readLog(outbox.client)
      return async () => {
        await publishAll(nats.client, { events, batchSize, publish })
        await check()
      }
    },
    operations: eventCount,
  }
}

/** Runs a relay until the sink has delivered every event, and acknowledged them. */
async function relayAll(stores: Stores, sink: Sink): Promise<void> {
  let count = 0
  const { promise: done, resolve } = Promise.withResolvers<undefined>()
  const counted: Sink = {
    ...sink,
    handle: (events, context) =>
      sink.handle(events, context).map((report) => {
        count += events.length - report.failed.length
        if (count >= eventCount) resolve(undefined)
        return report
      }),
  }
  const relay = createRelay(stores, { sinks: [counted] })
  relay.start()
  await done
  orThrow(await relay.stop())
}
