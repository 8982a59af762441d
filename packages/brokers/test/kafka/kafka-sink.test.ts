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
} from '@platformatic/kafka'
import { expect, test } from 'vitest'
import { kafkaSink, type KafkaProducer, type KafkaRecord } from '../../src/kafka/index.ts'
import { readKafkaRecord } from '../../src/kafka/kafka-message.ts'
import { logged, unhurried } from '../brokers-fixture.ts'

/** Takes what the sink hands to the client's producer. */
class RecordingProducer implements KafkaProducer {
  readonly sent: Parameters<KafkaProducer['send']>[0][] = []
  answer: () => Promise<unknown> = async () => undefined

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

const tooLarge = new ProtocolError('MESSAGE_TOO_LARGE')
const refusals = [
  tooLarge,
  new ProtocolError('UNKNOWN_TOPIC_OR_PARTITION'),
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

test('A send that does not end in time makes the sink rest', async () => {
  const producer = new RecordingProducer()
  producer.answer = () => new Promise(() => undefined)
  const sink = kafkaSink({ producer, source: '/shop' })
  const late = new AbortController()
  const answer = sink.handle(events, unhurried(late.signal))
  late.abort()
  expect((await answer)._unsafeUnwrapErr()).toMatchObject({ retryable: true })
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
