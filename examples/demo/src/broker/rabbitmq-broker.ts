import { connect } from 'amqplib'
import { consumeRabbitmq, rabbitmqSink } from '@headwater/brokers/rabbitmq'
import { type Broker, type BrokerRun, consumer, source } from './broker.ts'

/** An exchange of RabbitMQ, and a queue that takes all of it. */
export async function rabbitmqBroker({ url, name }: BrokerRun): Promise<Broker> {
  const connection = await connect(url, { recovery: true })
  const channel = await connection.createChannel()
  await channel.assertExchange(name, 'topic')
  await channel.assertQueue(name)
  await channel.bindQueue(name, name, '#')
  return {
    name: 'RabbitMQ',
    sink: rabbitmqSink({ connection, exchange: name, source }),
    consume: async (stores, handle) =>
      consumeRabbitmq(stores, { consumer, connection, queue: name, handle }),
    remove: async () => {
      try {
        await channel.deleteQueue(name)
        await channel.deleteExchange(name)
      } finally {
        await connection.close()
      }
    },
  }
}
