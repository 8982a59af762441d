import { Consumer, stringDeserializers } from '@platformatic/kafka'
import { beforeEach, expect, test } from 'vitest'
import { eventually } from '@headwater/testing'
import {
  consumeKafka,
  type ConsumeKafkaOptions,
  type KafkaConsumer,
  type KafkaMessage,
} from '../../src/kafka/index.ts'
import { kafkaRecordOf } from '../../src/kafka/kafka-message.ts'
import { logged, useBrokers, type BrokersFixture } from '../brokers-fixture.ts'

const open = useBrokers()
let fixture: BrokersFixture
let topic: StandInTopic

beforeEach(async () => {
  fixture = await open()
  topic = new StandInTopic()
})

const forever = new Promise<undefined>(() => undefined)

/** One partition as the client streams it: from the committed offset on, until it is closed. */
class StandInTopic implements KafkaConsumer {
  readonly messages: KafkaMessage[] = []
  committed = 0n
  opened = 0
  /** Whether Kafka answers neither commits nor the end of a stream. */
  isSilent = false
  #fail: ((error: Error) => void) | undefined

  add(event: ReturnType<typeof logged>): void {
    const offset = BigInt(this.messages.length)
    const { key, value, headers } = kafkaRecordOf(event, { topic: 'courses', source: '/shop' })
    const commit = async (): Promise<void> => {
      if (this.isSilent) await forever
      if (offset >= this.committed) this.committed = offset + 1n
    }
    this.messages.push({ topic: 'courses', partition: 0, offset, key, value, headers, commit })
  }

  /** Ends the stream, as a rebalance does. */
  fail(): void {
    this.#fail?.(new Error('the group is rebalanced'))
  }

  async consume(): ReturnType<KafkaConsumer['consume']> {
    this.opened += 1
    const { promise: failed, reject } = Promise.withResolvers<never>()
    this.#fail = reject
    const messages = this.#from(this.committed, failed)
    const close = async (): Promise<void> => (this.isSilent ? forever : undefined)
    return { [Symbol.asyncIterator]: () => messages, close }
  }

  async *#from(offset: bigint, failed: Promise<never>): AsyncGenerator<KafkaMessage> {
    for (let next = Number(offset); ; next += 1) {
      const there = eventually(() => expect(this.messages.length).toBeGreaterThan(next))
      await Promise.race([there, failed])
      yield this.messages[next]!
    }
  }
}

function options(more: Partial<ConsumeKafkaOptions> = {}): ConsumeKafkaOptions {
  const { handle } = fixture
  const deadLetter = async (): Promise<void> => undefined
  return { consumer: 'mail', from: topic, topics: ['courses'], handle, deadLetter, ...more }
}

test('The offset is committed after the transaction, and a stream that ends is opened again there', async () => {
  topic.add(logged('5', 1))
  const consumption = consumeKafka(fixture.stores, options())
  await eventually(() => expect(topic.committed).toBe(1n))
  topic.fail()
  topic.add(logged('5', 2))
  await eventually(() => expect(topic.committed).toBe(2n))
  await consumption.close()
  expect(topic.opened).toBe(2)
  expect(await fixture.effects()).toEqual(['5:1', '5:2'])
})

test('An event that is read again after a lost commit has its effect once', async () => {
  topic.add(logged('5', 1))
  const first = consumeKafka(fixture.stores, options())
  await eventually(() => expect(topic.committed).toBe(1n))
  await first.close()
  topic.committed = 0n
  const second = consumeKafka(fixture.stores, options())
  await eventually(() => expect(topic.committed).toBe(1n))
  await second.close()
  expect(await fixture.effects()).toEqual(['5:1'])
})

test('A message that is given up is committed once the dead letters have it', async () => {
  topic.add(logged('5', 1))
  topic.add(logged('6', 1))
  const kept: string[] = []
  let refusals = 2
  const consumption = consumeKafka(
    fixture.stores,
    options({
      maxAttempts: 1,
      handle: async (tx, event) => {
        if (event.aggregateId === '5') throw new TypeError('undefined is not a course')
        await fixture.handle(tx, event)
      },
      deadLetter: async ({ message, reason }) => {
        refusals -= 1
        if (refusals > 0) throw new Error('the topic is away')
        expect(topic.committed).toBe(0n)
        kept.push(`${message.offset} ${reason}`)
      },
    }),
  )
  await eventually(() => expect(topic.committed).toBe(2n))
  await consumption.close()
  expect(kept).toEqual(['0 undefined is not a course'])
  expect(await fixture.effects()).toEqual(['6:1'])
})

test('The first message of a stream may have ended a process: it is refused when its attempts are lost', async () => {
  const [killer, next] = [logged('5', 1), logged('5', 2)]
  for (const { id } of [killer, next])
    await fixture.sql(`INSERT INTO @schema.inbox_attempt VALUES ('mail', $1, 5)`, [id])
  topic.add(killer)
  topic.add(next)
  const kept: string[] = []
  const consumption = consumeKafka(
    fixture.stores,
    options({ deadLetter: async ({ reason }) => void kept.push(reason) }),
  )
  await eventually(() => expect(topic.committed).toBe(2n))
  await consumption.close()
  expect(kept).toEqual(['5 attempts at the event failed or ended their process'])
  expect(await fixture.effects()).toEqual(['5:2'])
})

test('Closing ends though Kafka answers nothing, and the event is not handled again', async () => {
  topic.isSilent = true
  topic.add(logged('5', 1))
  const first = consumeKafka(fixture.stores, options({ timeoutMs: 50 }))
  await eventually(async () => expect(await fixture.effects()).toEqual(['5:1']))
  await first.close()
  expect(topic.committed).toBe(0n)
  topic.isSilent = false
  const second = consumeKafka(fixture.stores, options())
  await eventually(() => expect(topic.committed).toBe(1n))
  await second.close()
  expect(await fixture.effects()).toEqual(['5:1'])
})

test('A consumer of the client fits, and one that cannot connect is tried until the end', async () => {
  const from = new Consumer({
    clientId: 'mail',
    groupId: 'mail',
    bootstrapBrokers: ['127.0.0.1:1'],
    deserializers: stringDeserializers,
    retries: 0,
  })
  const errors: unknown[] = []
  fixture.stores.diagnostics.on('consume:error', ({ error }) => void errors.push(error))
  const consumption = consumeKafka(fixture.stores, options({ from }))
  await eventually(() => expect(errors.length).toBeGreaterThan(0))
  await consumption.close()
  await from.close()
})
