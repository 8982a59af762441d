import { randomBytes } from 'node:crypto'
import { connect, type Channel, type Options, type RecoveringChannelModel } from 'amqplib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { OutboxEvent, Sink } from '@headwater/core'
import { eventually, faultProxy, type FaultProxy } from '@headwater/testing'
import type { ConsumeOptions, Consumption } from '../../src/index.ts'
import {
  consumeRabbitmq,
  rabbitmqSink,
  type RabbitmqSinkOptions,
} from '../../src/rabbitmq/index.ts'
import { rabbitmqPropertiesOf, readRabbitmqMessage } from '../../src/rabbitmq/rabbitmq-message.ts'
import {
  areInOrder,
  change,
  changes,
  logged,
  unhurried,
  useBrokers,
  type BrokersFixture,
} from '../brokers-fixture.ts'
import { Engine, hasEngines, withEngines } from '../engine-fixture.ts'

describe.skipIf(!hasEngines)(`RabbitMQ${withEngines}`, () => {
  const engine = new Engine('rabbitmq')
  const open = useBrokers()
  const endings: (() => Promise<unknown>)[] = []
  let fixture: BrokersFixture
  let connection: RecoveringChannelModel
  /** The name of the exchange and of its queue. */
  let name: string

  beforeAll(() => engine.start())
  afterAll(() => engine.stop())

  beforeEach(async () => {
    fixture = await open()
    connection = await connected(engine.url)
    name = `e${randomBytes(4).toString('hex')}`
    await declare()
  })
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end()
  })

  async function connected(url: string): Promise<RecoveringChannelModel> {
    const opened = await connect(url, { recovery: { maxDelay: 500 } })
    opened.on('error', () => undefined)
    endings.push(() => opened.close())
    return opened
  }

  async function onChannel<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = await connection.createChannel()
    channel.on('error', () => undefined)
    try {
      return await use(channel)
    } finally {
      await channel.close().catch(() => undefined)
    }
  }

  /** Declares exchange and queue, with a queue of dead letters behind it. */
  async function declare(options: Options.AssertQueue = {}): Promise<void> {
    await onChannel(async (channel) => {
      await channel.deleteQueue(name)
      await channel.assertExchange(name, 'topic')
      await channel.assertExchange(`${name}-dead`, 'fanout')
      await channel.assertQueue(`${name}-dead`)
      await channel.bindQueue(`${name}-dead`, `${name}-dead`, '')
      await channel.assertQueue(name, { deadLetterExchange: `${name}-dead`, ...options })
      await channel.bindQueue(name, name, 'course.*')
    })
  }

  function sinkOn(over: RecoveringChannelModel, more: Partial<RabbitmqSinkOptions> = {}): Sink {
    return rabbitmqSink({ connection: over, exchange: name, source: '/shop', ...more })
  }

  /** Takes everything out of a queue, in its order. */
  async function taken(queue = name): Promise<readonly OutboxEvent[]> {
    return onChannel(async (channel) => {
      const found: OutboxEvent[] = []
      for (;;) {
        const message = await channel.get(queue, { noAck: true })
        if (message === false) return found
        found.push(readRabbitmqMessage(message)._unsafeUnwrap())
      }
    })
  }

  async function countIn(queue = name): Promise<number> {
    return onChannel(async (channel) => (await channel.checkQueue(queue)).messageCount)
  }

  const effectOf = ({ aggregateId, version }: OutboxEvent): string => `${aggregateId}:${version}`

  /** What a consumer that knows the ids handles. */
  function firstOfEach(events: readonly OutboxEvent[]): readonly string[] {
    return [...new Set(events.map(effectOf))]
  }

  function consume(more: Partial<ConsumeOptions> = {}): Consumption {
    const { stores, handle } = fixture
    return consumeRabbitmq(stores, { consumer: 'mail', handle, connection, queue: name, ...more })
  }

  test('A confirmed event lies in the queue, whole, with its id', async () => {
    const event = logged('5', 8, { headers: { tenant: 'ü' }, payload: { title: 'Ärzte' } })
    const answer = await sinkOn(connection).handle([event], unhurried())
    expect(answer._unsafeUnwrap()).toEqual({ failed: [] })
    const message = await onChannel((channel) => channel.get(name, { noAck: true }))
    if (message === false) throw new Error('the queue is empty')
    expect(message.properties).toMatchObject({ messageId: event.id, deliveryMode: 2 })
    expect(readRabbitmqMessage(message)._unsafeUnwrap()).toEqual({ ...event, source: '/shop' })
  })

  test('Loses nothing and keeps the order of aggregates while RabbitMQ is killed and restarted', async () => {
    const events = changes(20, 50)
    await fixture.publish(...events)
    const relay = fixture.relay(sinkOn(connection, { batchSize: 40 }))
    await eventually(async () => expect(await countIn()).toBeGreaterThan(100))
    await engine.kill()
    await engine.start()
    expect((await relay.drain({ deadlineMs: 120_000 })).isOk()).toBe(true)
    const effects = firstOfEach(await taken())
    expect(effects).toHaveLength(events.length)
    expect(areInOrder(effects)).toBe(true)
    expect(await fixture.deadLetters()).toEqual([])
  })

  const partitions: Record<string, (proxy: FaultProxy) => void> = {
    'that swallows everything': (proxy) => proxy.hang(),
    'that resets every connection': (proxy) => proxy.cut(),
  }

  test.each(Object.entries(partitions))(
    'Loses nothing and keeps the order of aggregates over a partition %s',
    async (_, fault) => {
      const { port } = new URL(engine.url)
      const proxy = await faultProxy(`http://127.0.0.1:${port}`)
      endings.push(() => proxy.close())
      const over = await connected(`amqp://guest:guest@127.0.0.1:${proxy.port}?heartbeat=1`)
      const events = changes(20, 50)
      await fixture.publish(...events)
      const relay = fixture.relay(sinkOn(over, { batchSize: 40, timeoutMs: 700 }))
      await eventually(async () => expect(await countIn()).toBeGreaterThan(100))
      fault(proxy)
      await eventually(() => expect(fixture.retried()).toBeGreaterThan(2))
      proxy.restore()
      expect((await relay.drain({ deadlineMs: 120_000 })).isOk()).toBe(true)
      const effects = firstOfEach(await taken())
      expect(effects).toHaveLength(events.length)
      expect(areInOrder(effects)).toBe(true)
      expect(await fixture.deadLetters()).toEqual([])
    },
  )

  test('What no queue takes is a dead letter; other aggregates go on', async () => {
    await fixture.publish(
      change('7', 1, { type: 'orphan.born' }),
      change('7', 2),
      change('6', 1),
      change('6', 2),
    )
    const relay = fixture.relay(sinkOn(connection))
    expect((await relay.drain({ deadlineMs: 60_000 })).isOk()).toBe(true)
    expect((await taken()).map(effectOf)).toEqual(['6:1', '6:2'])
    const letters = (await fixture.deadLetters()).map(({ message }) => message)
    expect(letters).toEqual(['RabbitMQ returned the message: NO_ROUTE'])
  })

  test('A message that is too large closes the channel: it is found, and the next batch has another', async () => {
    const sink = sinkOn(connection, { timeoutMs: 60_000 })
    const large = logged('5', 1, { payload: 'x'.repeat(17 * 1024 * 1024) })
    const answer = (await sink.handle([large, logged('6', 1)], unhurried()))._unsafeUnwrapErr()
    expect(answer).toMatchObject({
      retryable: false,
      message: expect.stringContaining('406') as string,
    })
    expect((await sink.handle([logged('6', 2)], unhurried()))._unsafeUnwrap().failed).toEqual([])
  })

  test('A full queue defers its events, which are taken when there is room', async () => {
    await declare({ maxLength: 1, arguments: { 'x-overflow': 'reject-publish' } })
    const sink = sinkOn(connection)
    const events = [logged('5', 1), logged('6', 1), logged('7', 1)]
    const { failed } = (await sink.handle(events, unhurried()))._unsafeUnwrap()
    expect(failed.length).toBeGreaterThan(0)
    for (const { failure } of failed) expect(failure.retryable).toBe(true)
    const [first] = failed
    await taken()
    const again = events.filter(({ id }) => id === first?.id)
    expect((await sink.handle(again, unhurried()))._unsafeUnwrap()).toEqual({ failed: [] })
  })

  test('A missing exchange makes the sink rest until there is one', async () => {
    const sink = sinkOn(connection, { exchange: `${name}-later` })
    const answer = (await sink.handle([logged('5', 1)], unhurried()))._unsafeUnwrapErr()
    expect(answer).toMatchObject({
      retryable: true,
      message: expect.stringContaining('404') as string,
    })
    await onChannel(async (channel) => {
      await channel.assertExchange(`${name}-later`, 'topic')
      await channel.bindQueue(name, `${name}-later`, '#')
    })
    const later = (await sink.handle([logged('5', 1)], unhurried()))._unsafeUnwrap()
    expect(later).toEqual({ failed: [] })
  })

  test('Handles each event once, in order, though RabbitMQ is killed and delivers it again', async () => {
    const events = changes(10, 40)
    await fixture.publish(...events)
    const relay = fixture.relay(sinkOn(connection, { batchSize: 50 }))
    const consumption = consume()
    await eventually(async () => expect((await fixture.effects()).length).toBeGreaterThan(50))
    await engine.kill()
    await engine.start()
    expect((await relay.drain({ deadlineMs: 120_000 })).isOk()).toBe(true)
    await eventually(
      async () => {
        expect(await fixture.effects()).toHaveLength(events.length)
      },
      { timeoutMs: 120_000 },
    )
    await consumption.close()
    expect(areInOrder(await fixture.effects())).toBe(true)
    expect(fixture.dead).toEqual([])
    expect(await countIn()).toBe(0)
  })

  test('Handles an event once that the queue has three times', async () => {
    const event = logged('5', 1)
    await onChannel(async (channel) => {
      for (let time = 0; time < 3; time += 1)
        channel.publish(name, event.type, Buffer.from('{}'), rabbitmqPropertiesOf(event, '/shop'))
    })
    const consumption = consume()
    await eventually(async () => expect(await fixture.effects()).toEqual(['5:1']))
    await eventually(() => expect(consumption.inHand).toBe(0))
    await consumption.close()
    expect(await countIn()).toBe(0)
    expect(await fixture.effects()).toEqual(['5:1'])
  })

  test('What is given up goes to the dead-letter exchange, and what follows is handled', async () => {
    expect(
      (await sinkOn(connection).handle([logged('5', 1), logged('5', 2)], unhurried())).isOk(),
    ).toBe(true)
    const consumption = consume({
      maxAttempts: 2,
      handle: async (tx, event) => {
        if (event.version === 1) throw new TypeError('undefined is not a course')
        await fixture.handle(tx, event)
      },
    })
    await eventually(async () => expect(await countIn(`${name}-dead`)).toBe(1))
    await eventually(async () => expect(await fixture.effects()).toEqual(['5:2']))
    await consumption.close()
    expect((await taken(`${name}-dead`)).map(effectOf)).toEqual(['5:1'])
  })

  test('Closing returns what was not handled to the queue', async () => {
    expect(
      (
        await sinkOn(connection).handle(
          [logged('5', 1), logged('5', 2), logged('6', 1)],
          unhurried(),
        )
      ).isOk(),
    ).toBe(true)
    const begun = Promise.withResolvers<undefined>()
    const end = Promise.withResolvers<undefined>()
    const consumption = consume({
      concurrency: 1,
      handle: async (tx, event) => {
        begun.resolve(undefined)
        await end.promise
        await fixture.handle(tx, event)
      },
    })
    await begun.promise
    await eventually(() => expect(consumption.inHand).toBe(3))
    const closed = consumption.close()
    end.resolve(undefined)
    await closed
    expect(await fixture.effects()).toEqual(['5:1'])
    expect((await taken()).map(effectOf).toSorted()).toEqual(['5:2', '6:1'])
  })
})
