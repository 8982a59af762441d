import { EventEmitter } from 'node:events'
import type { Channel, ConsumeMessage } from 'amqplib'
import { beforeEach, expect, test } from 'vitest'
import { errAsync, FailureError, type OutboxEvent } from '@headwater/core'
import { eventually } from '@headwater/testing'
import type { ConsumeOptions, Consumption } from '../../src/index.ts'
import { consumeRabbitmq, type RabbitmqConnection } from '../../src/rabbitmq/index.ts'
import { rabbitmqPropertiesOf } from '../../src/rabbitmq/rabbitmq-message.ts'
import { logged, useBrokers, type BrokersFixture } from '../brokers-fixture.ts'

const open = useBrokers()
let fixture: BrokersFixture
let broker: StandInBroker

beforeEach(async () => {
  fixture = await open()
  broker = new StandInBroker()
})

/** A queue that delivers on one channel after the other what is not settled. */
class StandInBroker {
  readonly channels: StandInChannel[] = []
  readonly queue: OutboxEvent[] = []
  readonly dead: OutboxEvent[] = []
  /** Whether it answers nothing but the opening of a channel. */
  isSilent = false

  async createChannel(): Promise<Channel> {
    const channel = new StandInChannel(this)
    this.channels.push(channel)
    return channel as unknown as Channel
  }

  get channel(): StandInChannel {
    const last = this.channels.at(-1)
    if (last === undefined) throw new Error('no channel yet')
    return last
  }

  get open(): readonly StandInChannel[] {
    return this.channels.filter(({ isOpen }) => isOpen)
  }

  answer<T>(value: T): Promise<T> {
    return this.isSilent ? new Promise(() => undefined) : Promise.resolve(value)
  }
}

class StandInChannel extends EventEmitter {
  readonly unsettled = new Map<number, OutboxEvent>()
  isOpen = true
  readonly #broker: StandInBroker
  #limit = 0
  #tags = 0
  #deliver: ((message: ConsumeMessage | null) => void) | undefined

  constructor(broker: StandInBroker) {
    super()
    this.#broker = broker
  }

  get isConsuming(): boolean {
    return this.#deliver !== undefined
  }

  prefetch(limit: number): Promise<void> {
    this.#limit = limit
    return this.#broker.answer(undefined)
  }

  async consume(_: string, deliver: (message: ConsumeMessage | null) => void) {
    this.#deliver = deliver
    setImmediate(() => {
      this.#fill()
    })
    return this.#broker.answer({ consumerTag: 'tag' })
  }

  cancel(): Promise<unknown> {
    this.#deliver = undefined
    return this.#broker.answer({})
  }

  close(): Promise<void> {
    if (!this.isOpen) return Promise.reject(new Error('Channel closed'))
    this.lose()
    return this.#broker.answer(undefined)
  }

  ack({ fields: { deliveryTag } }: ConsumeMessage): void {
    this.#settle(deliveryTag)
  }

  nack({ fields: { deliveryTag } }: ConsumeMessage, _: boolean, isReturned: boolean): void {
    const event = this.#settle(deliveryTag)
    if (!isReturned) this.#broker.dead.push(event)
    else if (this.#deliver === undefined) this.#broker.queue.unshift(event)
  }

  /** Takes everything back, as when the connection is lost. */
  lose(): void {
    this.isOpen = false
    this.#deliver = undefined
    this.#broker.queue.unshift(...this.unsettled.values())
    this.unsettled.clear()
    this.emit('close')
  }

  /** Tells the consumer that its queue is gone, and leaves the channel open. */
  cancelConsumer(): void {
    const deliver = this.#deliver
    this.#deliver = undefined
    deliver?.(null)
  }

  #settle(deliveryTag: number): OutboxEvent {
    const event = this.unsettled.get(deliveryTag)
    if (!this.isOpen || event === undefined) throw new Error('Channel closed')
    this.unsettled.delete(deliveryTag)
    this.#fill()
    return event
  }

  #fill(): void {
    while (this.#deliver !== undefined && this.unsettled.size < this.#limit) {
      const event = this.#broker.queue.shift()
      if (event === undefined) return
      this.#tags += 1
      this.unsettled.set(this.#tags, event)
      this.#deliver(messageOf(event, this.#tags))
    }
  }
}

function messageOf(event: OutboxEvent, deliveryTag: number): ConsumeMessage {
  return {
    content: Buffer.from(JSON.stringify(event.payload)),
    fields: { deliveryTag, redelivered: false, consumerTag: 'tag', exchange: '', routingKey: '' },
    properties: rabbitmqPropertiesOf(event, '/shop'),
  } as unknown as ConsumeMessage
}

function consume(more: Partial<ConsumeOptions> = {}): Consumption {
  const { stores, handle } = fixture
  const connection = broker as unknown as RabbitmqConnection
  return consumeRabbitmq(stores, {
    consumer: 'mail',
    handle,
    connection,
    queue: 'mail',
    maxBackOffMs: 60_000,
    ...more,
  })
}

const outage = new FailureError({ type: 'mail-away', message: 'HTTP 503', retryable: true })

test('However often the channel is lost, no more than maxInHand are in hand', async () => {
  broker.queue.push(...Array.from({ length: 50 }, (_, id) => logged(String(id), 1)))
  const consumption = consume({ maxInHand: 8, handle: () => errAsync(outage.failure) })
  for (let time = 1; time <= 3; time += 1) {
    await eventually(() => expect(broker.channels).toHaveLength(time))
    await eventually(() => expect(broker.channel.unsettled.size).toBe(8))
    await eventually(() => expect(consumption.inHand).toBe(8))
    broker.channel.lose()
  }
  await consumption.close()
  expect(broker.queue).toHaveLength(50)
})

test('A channel whose consumer the server cancels is closed, with what waits on it returned', async () => {
  broker.queue.push(logged('5', 1), logged('6', 1))
  let isDown = true
  const consumption = consume({
    handle: async (tx, event) => {
      if (isDown) throw outage
      await fixture.handle(tx, event)
    },
  })
  for (let time = 1; time <= 3; time += 1) {
    await eventually(() => expect(broker.channels).toHaveLength(time))
    await eventually(() => expect(broker.channel.unsettled.size).toBe(2))
    expect(broker.open).toHaveLength(1)
    if (time === 3) isDown = false
    broker.channel.cancelConsumer()
  }
  await eventually(async () => expect(await fixture.effects()).toHaveLength(2))
  await consumption.close()
  expect(broker.open).toEqual([])
})

test('After a refusal that the channel has not heard, no later event of the aggregate is handled first', async () => {
  broker.queue.push(logged('5', 1), logged('5', 2))
  const consumption = consume({
    maxAttempts: 1,
    handle: async (tx, event) => {
      if (event.version === 1) {
        // The channel is lost between the mistake and its refusal.
        if (broker.channels.length === 1) broker.channel.lose()
        throw new TypeError('undefined is not a course')
      }
      await fixture.handle(tx, event)
      expect(broker.dead).toHaveLength(1)
    },
  })
  await eventually(async () => expect(await fixture.effects()).toEqual(['5:2']))
  await consumption.close()
  expect(broker.dead).toMatchObject([{ version: 1 }])
})

test('Closing ends though RabbitMQ does not answer', async () => {
  const consumption = consume({ timeoutMs: 50 })
  await eventually(() => expect(broker.channel.isConsuming).toBe(true))
  broker.isSilent = true
  await consumption.close()
  expect(broker.open).toEqual([])

  const other = consume({ timeoutMs: 50 })
  await eventually(() => expect(broker.channels).toHaveLength(2))
  await other.close()
  expect(broker.open).toEqual([])
})
