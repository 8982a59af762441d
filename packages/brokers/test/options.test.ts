import { expect, test } from 'vitest'
import { natsSink, consumeNats } from '../src/nats/index.ts'
import { rabbitmqSink, consumeRabbitmq } from '../src/rabbitmq/index.ts'
import { kafkaSink, consumeKafka } from '../src/kafka/index.ts'

const shared = { source: '/shop' }
const consuming = { consumer: 'mail', handle: async () => undefined }

const refusals: readonly [string, () => unknown, string][] = [
  ['no connection', () => natsSink(shared as never), 'natsSink: connection: expected an object'],
  ['no source', () => natsSink({ connection: {} } as never), 'natsSink: source: expected a text'],
  [
    'a prefix with a wildcard',
    () => natsSink({ ...shared, connection: {} as never, subjectPrefix: 'events.>' }),
    'natsSink: subjectPrefix: expected parts of a subject, such as "events": got "events.>"',
  ],
  [
    'a name that defineSink refuses',
    () => natsSink({ ...shared, connection: {} as never, name: 'To NATS' }),
    'defineSink: name: expected kebab-case',
  ],
  [
    'an exchange without a name',
    () => rabbitmqSink({ ...shared, connection: {} as never, exchange: '' }),
    'rabbitmqSink: exchange: expected a text that is not empty',
  ],
  [
    'a misspelt option',
    () => kafkaSink({ ...shared, producer: {} as never, topics: 'x' } as never),
    'kafkaSink: topics: unknown: the closest option is topic',
  ],
  [
    'a consumer without a handler',
    () => consumeNats({} as never, { ...consuming, handle: undefined, from: {} } as never),
    'consumeNats: handle: expected a function',
  ],
  [
    'nothing in hand',
    () =>
      consumeRabbitmq(
        {} as never,
        { ...consuming, connection: {}, queue: 'q', maxInHand: 0 } as never,
      ),
    'consumeRabbitmq: maxInHand: expected 1 or more: got 0',
  ],
  [
    'no topics',
    () =>
      consumeKafka(
        {} as never,
        { ...consuming, from: {}, topics: [], deadLetter: async () => {} } as never,
      ),
    'consumeKafka: topics: expected at least one topic',
  ],
]

test.each(refusals)('Refuses %s at construction, with a sentence', (_, construct, message) => {
  expect(construct).toThrow(message)
})
