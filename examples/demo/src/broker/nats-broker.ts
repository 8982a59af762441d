import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { consumeNats, natsSink } from '@headwater/brokers/nats'
import { type Broker, type BrokerRun, consumer, source } from './broker.ts'

/** A stream of NATS JetStream. */
export async function natsBroker({ url, name }: BrokerRun): Promise<Broker> {
  const connection = await connect({ servers: url, maxReconnectAttempts: -1 })
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name, subjects: [`${name}.>`] })
  return {
    name: 'NATS',
    sink: natsSink({ connection, source, subjectPrefix: name }),
    consume: async (stores, handle) => {
      await manager.consumers.add(name, {
        durable_name: consumer,
        ack_policy: AckPolicy.Explicit,
      })
      const from = await jetstream(connection).consumers.get(name, consumer)
      return consumeNats(stores, { consumer, from, handle })
    },
    remove: async () => {
      try {
        await manager.streams.delete(name)
      } finally {
        await connection.close()
      }
    },
  }
}
