import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { Consumer, Producer } from '@platformatic/kafka'
import { connect as connectRabbitmq } from 'amqplib'
import { createRelay, migrate, ok, orThrow, transaction, type Stores } from '@headwater/core'
import { brokersMigrations, inbox, type Consumption } from '@headwater/brokers'
import { consumeKafka, kafkaSink } from '@headwater/brokers/kafka'
import { consumeNats, natsSink } from '@headwater/brokers/nats'
import { consumeRabbitmq, rabbitmqSink } from '@headwater/brokers/rabbitmq'

export async function toNats(stores: Stores, servers: string) {
  const connection = await connect({ servers, maxReconnectAttempts: -1 })
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name: 'EVENTS', subjects: ['events.>'] })

  const relay = createRelay(stores, { sinks: [natsSink({ connection, source: '/shop' })] })
  relay.start()
  return relay
}

export async function toRabbitmq(stores: Stores, url: string) {
  const connection = await connectRabbitmq(url, { recovery: true })
  const sink = rabbitmqSink({ connection, exchange: 'events', source: '/shop' })
  createRelay(stores, { sinks: [sink] }).start()
}

export function toKafka(stores: Stores, bootstrapBrokers: string[]) {
  const producer = new Producer({ clientId: 'shop', bootstrapBrokers, idempotent: true })
  const sink = kafkaSink({ producer, source: '/shop' })
  createRelay(stores, { sinks: [sink] }).start()
}

export async function fromNats(stores: Stores, servers: string): Promise<Consumption> {
  const connection = await connect({ servers, maxReconnectAttempts: -1 })
  orThrow(await migrate(stores, { sets: [brokersMigrations] }))

  const from = await jetstream(connection).consumers.get('EVENTS', 'mail')
  const consumption = consumeNats(stores, {
    consumer: 'mail',
    from,
    handle: async (tx, event) => {
      await tx.query('INSERT INTO @schema.mails (course_id) VALUES ($1)', [event.aggregateId])
    },
  })
  return consumption
}

export async function fromRabbitmq(stores: Stores, url: string): Promise<Consumption> {
  const connection = await connectRabbitmq(url, { recovery: true })
  return consumeRabbitmq(stores, {
    consumer: 'mail',
    connection,
    queue: 'mail',
    handle: async (tx, event) => {
      await tx.query('INSERT INTO @schema.mails (course_id) VALUES ($1)', [event.aggregateId])
    },
  })
}

export function fromKafka(stores: Stores, bootstrapBrokers: string[], dead: Producer) {
  const from = new Consumer({ clientId: 'mail', groupId: 'mail', bootstrapBrokers })
  const consumption = consumeKafka(stores, {
    consumer: 'mail',
    from,
    topics: ['outbox.event.course'],
    handle: async (tx, event) => {
      await tx.query('INSERT INTO @schema.mails (course_id) VALUES ($1)', [event.aggregateId])
    },
    deadLetter: async ({ message: { value }, reason }) => {
      const headers = new Map([[Buffer.from('reason'), Buffer.from(reason)]])
      await dead.send({ messages: [{ topic: 'mail.dead', value: value as Buffer, headers }] })
    },
  })
  return consumption
}

export async function byHand(stores: Stores, eventId: string, courseId: number) {
  const done = await transaction(stores, (tx) =>
    inbox.once(tx, { consumer: 'mail', eventId }, async () => {
      await tx.query('INSERT INTO @schema.mails (course_id) VALUES ($1)', [courseId])
      return ok(undefined)
    }),
  )
  return done
}
