import { randomBytes } from 'node:crypto'
import { connect, type Channel, type Options, type RecoveringChannelModel } from 'amqplib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FailureError, type OutboxEvent, type Sink } from '@headwater/core'
import { eventually, faultProxy, type FaultProxy } from '@headwater/testing'
import type { Consumption } from '../../src/index.ts'
import {
  consumeRabbitmq,
  rabbitmqSink,
  type ConsumeRabbitmqOptions,
  type RabbitmqSinkOptions,
} from '../../src/rabbitmq/index.ts'
import { rabbitmqPropertiesOf, readRabbitmqMessage } from '../../src/rabbitmq/rabbitmq-message.ts'
import {
  areInOrder,
  change,
  logged,
  unhurried,
  useBrokers,
  type BrokersFixture,
} from '../brokers-fixture.ts'
import { Engine, hasEngines, withEngines } from '../engine-fixture.ts'
import { startConsuming } from './consuming-process-fixture.ts'

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

  /** Starts a consumer, which ends before its connection does. */
  function consume(more: Partial<ConsumeRabbitmqOptions> = {}): Consumption {
    const { stores, handle } = fixture
    const shared = { consumer: 'mail', handle, connection, queue: name }
    const consumption = consumeRabbitmq(stores, { ...shared, ...more })
    endings.push(() => consumption.close())
    return consumption
  }

  async function expectTaken(count: number): Promise<void> {
    const effects = firstOfEach(await taken())
    expect(effects).toHaveLength(count)
    expect(areInOrder(effects)).toBe(true)
    expect(await fixture.deadLetters()).toEqual([])
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
    const publishing = fixture.startPublishing()
    const relay = fixture.relay(sinkOn(connection, { batchSize: 40 }))
    await eventually(async () => expect(await countIn()).toBeGreaterThan(100))
    await fixture.untilRetried(() => engine.kill())
    await engine.start()
    const count = await publishing.stop()
    expect((await relay.drain({ deadlineMs: 120_000 })).isOk()).toBe(true)
    await expectTaken(count)
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
      const publishing = fixture.startPublishing()
      const relay = fixture.relay(sinkOn(over, { batchSize: 40, timeoutMs: 700 }))
      await eventually(async () => expect(await countIn()).toBeGreaterThan(100))
      await fixture.untilRetried(() => {
        fault(proxy)
      })
      proxy.restore()
      const count = await publishing.stop()
      expect((await relay.drain({ deadlineMs: 120_000 })).isOk()).toBe(true)
      await expectTaken(count)
    },
  )

  test('What is in flight when the connection is lost is not taken for delivered', async () => {
    const proxy = await faultProxy(`http://127.0.0.1:${new URL(engine.url).port}`)
    endings.push(() => proxy.close())
    const over = await connected(`amqp://guest:guest@127.0.0.1:${proxy.port}`)
    const sink = sinkOn(over, { timeoutMs: 60_000 })
    // The channel is there before the fault.
    expect((await sink.handle([logged('7', 1)], unhurried())).isOk()).toBe(true)
    proxy.hang()
    const before = proxy.bytesToServer
    const sent = sink.handle([logged('5', 1), logged('6', 1)], unhurried())
    await eventually(() => expect(proxy.bytesToServer).toBeGreaterThan(before))
    proxy.cut()
    expect((await sent)._unsafeUnwrapErr()).toMatchObject({
      retryable: true,
      message: 'the channel to RabbitMQ was lost',
    })
    expect((await taken()).map(effectOf)).toEqual(['7:1'])
  })

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
    let gate: Promise<unknown> = Promise.resolve()
    const publishing = fixture.startPublishing()
    const relay = fixture.relay(sinkOn(connection, { batchSize: 50 }))
    const consumption = consume({
      handle: async (tx, event) => {
        await gate
        await fixture.handle(tx, event)
      },
    })
    await eventually(async () => expect((await fixture.effects()).length).toBeGreaterThan(50))
    const opened = Promise.withResolvers<undefined>()
    gate = opened.promise
    await eventually(() => expect(consumption.inHand).toBeGreaterThan(8))
    await fixture.untilRetried(async () => {
      await engine.kill()
      opened.resolve(undefined)
    })
    const count = await publishing.stop()
    await engine.start()
    expect((await relay.drain({ deadlineMs: 120_000 })).isOk()).toBe(true)
    await eventually(async () => expect(await fixture.effects()).toHaveLength(count), {
      timeoutMs: 200_000,
    })
    await eventually(() => expect(consumption.inHand).toBe(0))
    await consumption.close()
    expect(await fixture.effects()).toHaveLength(count)
    expect(areInOrder(await fixture.effects())).toBe(true)
    expect(fixture.dead).toEqual([])
    expect(await countIn()).toBe(0)
  })

  test('Over a partition no more than maxInHand are in hand, and the last channel has them', async () => {
    const events = Array.from({ length: 30 }, (_, id) => logged(String(id), 1))
    expect((await sinkOn(connection).handle(events, unhurried())).isOk()).toBe(true)
    const proxy = await faultProxy(`http://127.0.0.1:${new URL(engine.url).port}`)
    endings.push(() => proxy.close())
    const over = await connected(`amqp://guest:guest@127.0.0.1:${proxy.port}`)
    let isDown = true
    const consumption = consume({
      connection: over,
      maxInHand: 8,
      maxBackOffMs: 200,
      handle: async (tx, event) => {
        if (isDown)
          throw new FailureError({ type: 'mail-away', message: 'HTTP 503', retryable: true })
        await fixture.handle(tx, event)
      },
    })
    for (let time = 0; time < 3; time += 1) {
      await eventually(() => expect(consumption.inHand).toBe(8))
      proxy.cut()
      await eventually(() => expect(consumption.inHand).toBe(0))
      proxy.restore()
    }
    isDown = false
    await eventually(async () => expect(await fixture.effects()).toHaveLength(30))
    await eventually(() => expect(consumption.inHand).toBe(0))
    await consumption.close()
    expect(await countIn()).toBe(0)
    expect(fixture.dead).toEqual([])
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

  test('An event that ends every process is refused after its attempts, and takes no other with it', async () => {
    const poison = logged('poison', 1)
    const others = Array.from({ length: 8 }, (_, id) => logged(String(id), 1))
    const sink = sinkOn(connection)
    expect((await sink.handle([poison], unhurried())).isOk()).toBe(true)
    expect((await sink.handle(others, unhurried())).isOk()).toBe(true)
    const { options } = fixture
    let crashes = 0
    for (;;) {
      const consuming = await startConsuming({ url: engine.url, queue: name, options })
      endings.push(() => consuming.stop())
      const isDead = eventually(async () => expect(await countIn(`${name}-dead`)).toBe(1), {
        timeoutMs: 120_000,
      })
      isDead.catch(() => undefined)
      if ((await Promise.race([isDead, consuming.ended])) !== 'ended') break
      crashes += 1
    }
    await eventually(async () => expect(await fixture.effects()).toHaveLength(8))
    // The first end is not counted: nothing was delivered again yet.
    expect(crashes).toBe(3)
    expect((await taken(`${name}-dead`)).map(effectOf)).toEqual(['poison:1'])
    expect(new Set(await fixture.effects()).size).toBe(8)
  })
})
