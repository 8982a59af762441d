import {
  createRecordsBatch,
  MultipleErrors,
  NetworkError,
  Producer,
  ProtocolError,
  Reader,
  readRecordsBatch,
  ResponseError,
  TimeoutError,
  UserError,
} from '@platformatic/kafka'
import { expect, test } from 'vitest'
import type { OutboxEvent } from '@headwater/core'
import { kafkaSink, type KafkaProducer, type KafkaRecord } from '../../src/kafka/index.ts'
import { readKafkaRecord } from '../../src/kafka/kafka-message.ts'
import { logged, unhurried } from '../brokers-fixture.ts'

/** Takes what the sink hands to the client's producer. */
class RecordingProducer implements KafkaProducer {
  readonly sent: Parameters<KafkaProducer['send']>[0][] = []
  answer: () => Promise<unknown> = async () => undefined
  /** What the client says of a topic. */
  topic: (name: string) => Promise<unknown> = async () => undefined

  metadata({ topics, retries }: Parameters<KafkaProducer['metadata']>[0]): Promise<unknown> {
    expect(retries).toBe(0)
    return this.topic(topics.join())
  }

  send(options: Parameters<KafkaProducer['send']>[0]): Promise<unknown> {
    this.sent.push(options)
    return this.answer()
  }
}

const events = [
  logged('5', 1, { payload: { title: 'Ärzte 💡' }, headers: { tenant: 'ü', 'x-actor': 'Zoë' } }),
  logged('6', 1),
  logged('5', 2),
]

/** Writes records with the client's encoder, and reads what Kafka would store. */
function encoded(messages: readonly KafkaRecord[]): ReturnType<typeof readRecordsBatch>['records'] {
  const records = messages.map((message) => ({ ...message, partition: 0 }))
  const writer = createRecordsBatch(records, { producerId: 1n, producerEpoch: 0 })
  return readRecordsBatch(Reader.from(writer)).records
}

test('Hands a batch over in one send that all replicas confirm, keyed by aggregate', async () => {
  const producer = new RecordingProducer()
  const sink = kafkaSink({ producer, source: '/shop' })
  expect((await sink.handle(events, unhurried()))._unsafeUnwrap()).toEqual({ failed: [] })
  const [sent] = producer.sent
  expect(producer.sent).toHaveLength(1)
  expect(sent).toMatchObject({ acks: -1, idempotent: true })
  const shown = sent?.messages.map(({ topic, key }) => `${topic} ${key.toString()}`)
  expect(shown).toEqual(['outbox.event.course 5', 'outbox.event.course 6', 'outbox.event.course 5'])
})

test('What a consumer reads is what was published, through the client’s own encoder', async () => {
  const producer = new RecordingProducer()
  const sink = kafkaSink({ producer, source: '/shop', topic: () => 'courses' })
  expect((await sink.handle(events, unhurried())).isOk()).toBe(true)
  const records = encoded(producer.sent[0]?.messages ?? [])
  const read = records.map(({ headers, value }) =>
    readKafkaRecord({ headers: new Map(headers), value })._unsafeUnwrap(),
  )
  expect(read).toEqual(events.map((event) => ({ ...event, source: '/shop' })))
  const names = records[0]?.headers.map(([name]) => String(name)) ?? []
  expect(names).toEqual(expect.arrayContaining(['content-type', 'id', 'ce_id', 'ce_specversion']))
})

const outages = [
  new NetworkError('Connection closed'),
  new TimeoutError('Request timed out'),
  new ProtocolError('NOT_ENOUGH_REPLICAS'),
  new ProtocolError('LEADER_NOT_AVAILABLE'),
  new ProtocolError('UNKNOWN_TOPIC_OR_PARTITION'),
  new MultipleErrors('Producing messages failed.', [new NetworkError('Connection closed')]),
  new Error('something that nobody knows'),
]

test.each(outages)('The sink rests when the client reports: %s', async (error) => {
  const producer = new RecordingProducer()
  producer.answer = () => Promise.reject(error)
  const sink = kafkaSink({ producer, source: '/shop' })
  const failure = (await sink.handle(events, unhurried()))._unsafeUnwrapErr()
  expect(failure).toMatchObject({ type: 'sink-failed', retryable: true })
  expect(failure.message).toContain(error.message)
})

const refusals = [
  new ProtocolError('MESSAGE_TOO_LARGE'),
  new ProtocolError('TOPIC_AUTHORIZATION_FAILED'),
  new MultipleErrors('Producing messages failed.', [
    new ResponseError(0, 9, { '/responses/0/partition_responses/0': [10, null] }, {}),
  ]),
]

test.each(refusals)(
  'The batch is refused, to be halved, when the client reports: %s',
  async (error) => {
    const producer = new RecordingProducer()
    producer.answer = () => Promise.reject(error)
    const sink = kafkaSink({ producer, source: '/shop' })
    const failure = (await sink.handle(events, unhurried()))._unsafeUnwrapErr()
    expect(failure).toMatchObject({ type: 'sink-failed', retryable: false })
    expect(failure.message).toMatch(/^Kafka: [A-Z_]+: /)
  },
)

/** What the client throws for a topic that Kafka does not have, from the protocol's error 3. */
const unknownTopic = new UserError('Unknown topic orphans.')
const noLeader = new ResponseError(3, 12, { '/topics/0/partitions/0': [5, null] }, {})

test.each([unknownTopic, noLeader, new ProtocolError('UNKNOWN_TOPIC_OR_PARTITION')])(
  'The events of a topic that is not there wait, with those behind them, when the client reports: %s',
  async (error) => {
    const producer = new RecordingProducer()
    producer.topic = (name) => (name === 'orphans' ? Promise.reject(error) : Promise.resolve({}))
    const topic = ({ type }: OutboxEvent): string =>
      type === 'course.lost' ? 'orphans' : 'courses'
    const sink = kafkaSink({ producer, source: '/shop', topic })
    const lost = logged('5', 2, { type: 'course.lost' })
    const batch = [logged('5', 1), lost, logged('6', 1), logged('5', 3), logged('6', 2)]
    const { failed } = (await sink.handle(batch, unhurried()))._unsafeUnwrap()
    expect(failed).toMatchObject([{ id: lost.id, failure: { retryable: true } }])
    const sent = producer.sent.flatMap(({ messages }) =>
      messages.map(({ topic: to, key, value }) => `${to} ${String(key)} ${String(value)}`),
    )
    expect(sent).toEqual([
      'courses 5 {"id":"5","version":1}',
      'courses 6 {"id":"6","version":1}',
      'courses 6 {"id":"6","version":2}',
    ])
  },
)

test('Nothing is sent when no topic of a batch is there', async () => {
  const producer = new RecordingProducer()
  producer.topic = () => Promise.reject(unknownTopic)
  const sink = kafkaSink({ producer, source: '/shop' })
  const { failed } = (await sink.handle(events, unhurried()))._unsafeUnwrap()
  expect(failed.map(({ id }) => id)).toEqual([events[0]?.id, events[1]?.id])
  expect(failed[0]?.failure.message).toBe('Kafka has no topic "outbox.event.course"')
  expect(producer.sent).toEqual([])
})

test('An event is refused whose topic can never take it', async () => {
  const producer = new RecordingProducer()
  producer.topic = () => Promise.reject(new ResponseError(3, 12, { '/topics/0': [17, null] }, {}))
  const sink = kafkaSink({ producer, source: '/shop' })
  const { failed } = (await sink.handle([logged('5', 1)], unhurried()))._unsafeUnwrap()
  expect(failed).toMatchObject([{ failure: { retryable: false } }])
  expect(failed[0]?.failure.message).toContain('INVALID_TOPIC')
})

test('The sink rests when the client cannot ask for topics, and sends nothing', async () => {
  const producer = new RecordingProducer()
  producer.topic = () => Promise.reject(new NetworkError('Connection closed'))
  const sink = kafkaSink({ producer, source: '/shop' })
  const failure = (await sink.handle(events, unhurried()))._unsafeUnwrapErr()
  expect(failure).toMatchObject({ retryable: true, message: 'Kafka: Connection closed' })
  expect(producer.sent).toEqual([])
})

test('A send that does not end in time makes the sink rest', async () => {
  const producer = new RecordingProducer()
  producer.answer = () => new Promise(() => undefined)
  const sink = kafkaSink({ producer, source: '/shop' })
  const late = new AbortController()
  const answer = sink.handle(events, unhurried(late.signal))
  late.abort()
  expect((await answer)._unsafeUnwrapErr()).toMatchObject({ retryable: true })
})

test('A batch whose topics are told too late is not sent', async () => {
  const producer = new RecordingProducer()
  const told = Promise.withResolvers<unknown>()
  producer.topic = () => told.promise
  const sink = kafkaSink({ producer, source: '/shop' })
  const late = new AbortController()
  const answer = sink.handle(events, unhurried(late.signal))
  late.abort()
  expect((await answer)._unsafeUnwrapErr()).toMatchObject({ retryable: true })
  told.resolve(undefined)
  await new Promise(setImmediate)
  expect(producer.sent).toEqual([])
})

test('A producer of the client fits, and one that cannot connect makes the sink rest', async () => {
  const bootstrapBrokers = ['127.0.0.1:1']
  const producer = new Producer({
    clientId: 'shop',
    bootstrapBrokers,
    idempotent: true,
    retries: 2,
    retryDelay: 10,
  })
  const sink = kafkaSink({ producer, source: '/shop' })
  const answer = await sink.handle(events, unhurried())
  expect(answer._unsafeUnwrapErr()).toMatchObject({ retryable: true })
  await producer.close()
})
