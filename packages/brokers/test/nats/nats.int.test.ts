import { randomBytes } from 'node:crypto'
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { OutboxEvent, Sink } from '@headwater/core'
import { eventually, faultProxy, type FaultProxy } from '@headwater/testing'
import type { Consumption } from '../../src/index.ts'
import {
  consumeNats,
  natsSink,
  natsSubject,
  type ConsumeNatsOptions,
  type NatsSinkOptions,
} from '../../src/nats/index.ts'
import { natsHeadersOf, readNatsMessage } from '../../src/nats/nats-message.ts'
import {
  areInOrder,
  change,
  logged,
  unhurried,
  useBrokers,
  type BrokersFixture,
} from '../brokers-fixture.ts'
import { Engine, hasEngines, withEngines } from '../engine-fixture.ts'

describe.skipIf(!hasEngines)(`NATS JetStream${withEngines}`, () => {
  const engine = new Engine('nats')
  const open = useBrokers()
  const endings: (() => Promise<unknown>)[] = []
  let fixture: BrokersFixture
  let connection: NatsConnection
  let manager: JetStreamManager
  /** The name of the stream, and the first part of its subjects. */
  let stream: string

  beforeAll(() => engine.start())
  afterAll(() => engine.stop())

  beforeEach(async () => {
    fixture = await open()
    connection = await connected(engine.url)
    manager = await jetstreamManager(connection)
    stream = `s${randomBytes(4).toString('hex')}`
    await manager.streams.add({
      name: stream,
      subjects: [`${stream}.course.>`],
      max_msg_size: 4_000,
    })
    endings.push(() => manager.streams.delete(stream))
  })
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end()
  })

  async function connected(
    servers: string,
    options: ConnectionOptions = {},
  ): Promise<NatsConnection> {
    const opened = await connect({
      servers,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      reconnectJitter: 0,
      ...options,
    })
    endings.push(() => opened.close())
    return opened
  }

  function sinkOn(over: NatsConnection, more: Partial<NatsSinkOptions> = {}): Sink {
    return natsSink({ connection: over, source: '/shop', subjectPrefix: stream, ...more })
  }

  /** Everything that the stream has, in its order. */
  async function stored(): Promise<readonly OutboxEvent[]> {
    const { state } = await manager.streams.info(stream)
    const found: OutboxEvent[] = []
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
      const message = await manager.streams.getMessage(stream, { seq })
      if (message === null) continue
      const text = new TextDecoder().decode(message.data)
      found.push(readNatsMessage({ headers: message.header, text })._unsafeUnwrap())
    }
    return found
  }

  const effectOf = ({ aggregateId, version }: OutboxEvent): string => `${aggregateId}:${version}`

  test('Stores each event once, whole, under the subject of its aggregate', async () => {
    const event = logged('5', 8, { headers: { tenant: 'ü' }, payload: { title: 'Ärzte' } })
    const sink = sinkOn(connection)
    for (let time = 0; time < 3; time += 1)
      expect((await sink.handle([event], unhurried()))._unsafeUnwrap()).toEqual({ failed: [] })
    expect(await stored()).toEqual([{ ...event, source: '/shop' }])
    const message = await manager.streams.getMessage(stream, { seq: 1 })
    expect(message?.subject).toBe(`${stream}.course.5`)
    expect(message?.header.get('Nats-Msg-Id')).toBe(event.id)
  })

  async function countStored(): Promise<number> {
    return (await manager.streams.info(stream)).state.messages
  }

  async function expectStored(count: number): Promise<void> {
    const effects = (await stored()).map(effectOf)
    expect(effects).toHaveLength(count)
    expect(areInOrder(effects)).toBe(true)
    expect(await fixture.deadLetters()).toEqual([])
  }

  test('Loses nothing and keeps the order of aggregates while NATS is killed and restarted', async () => {
    const publishing = fixture.startPublishing()
    const relay = fixture.relay(sinkOn(connection, { batchSize: 40 }))
    for (let kill = 0; kill < 2; kill += 1) {
      const before = await eventually(countStored)
      await eventually(async () => expect(await countStored()).toBeGreaterThan(before + 100))
      await fixture.untilRetried(() => engine.kill())
      await engine.start()
    }
    const count = await publishing.stop()
    expect((await relay.drain({ deadlineMs: 120_000 })).isOk()).toBe(true)
    await expectStored(count)
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
      const over = await connected(`nats://127.0.0.1:${proxy.port}`, { pingInterval: 500 })
      const publishing = fixture.startPublishing()
      const relay = fixture.relay(sinkOn(over, { batchSize: 40, timeoutMs: 700 }))
      await eventually(async () => expect(await countStored()).toBeGreaterThan(100))
      await fixture.untilRetried(() => {
        fault(proxy)
      })
      proxy.restore()
      const count = await publishing.stop()
      expect((await relay.drain({ deadlineMs: 120_000 })).isOk()).toBe(true)
      await expectStored(count)
    },
  )

  test('What is in flight when the connection is lost is not taken for delivered', async () => {
    const proxy = await faultProxy(`http://127.0.0.1:${new URL(engine.url).port}`)
    endings.push(() => proxy.close())
    const over = await connected(`nats://127.0.0.1:${proxy.port}`)
    proxy.hang()
    const before = proxy.bytesToServer
    const sink = sinkOn(over, { timeoutMs: 60_000 })
    const sent = sink.handle([logged('5', 1), logged('6', 1)], unhurried())
    await eventually(() => expect(proxy.bytesToServer).toBeGreaterThan(before))
    proxy.cut()
    expect((await sent)._unsafeUnwrapErr()).toMatchObject({
      retryable: true,
      message: 'the connection to NATS was lost',
    })
    expect(await stored()).toEqual([])
  })

  test('What the stream refuses or no stream takes is a dead letter; other aggregates go on', async () => {
    const long = { text: 'x'.repeat(5_000) }
    await fixture.publish(
      change('5', 1),
      change('5', 2, { payload: long }),
      change('5', 3),
      change('6', 1),
      change('7', 1, { aggregateType: 'orphan', type: 'orphan.born' }),
      change('6', 2),
    )
    const relay = fixture.relay(sinkOn(connection))
    expect((await relay.drain({ deadlineMs: 60_000 })).isOk()).toBe(true)
    expect((await stored()).map(effectOf).toSorted()).toEqual(['5:1', '6:1', '6:2'])
    const letters = (await fixture.deadLetters()).map(({ message }) => message).toSorted()
    expect(letters).toEqual([
      'JetStream: message size exceeds maximum allowed',
      `no stream of JetStream takes the subject "${stream}.orphan.7"`,
    ])
  })

  const pair = (): readonly OutboxEvent[] => [
    logged('5', 1, { payload: { text: 'x'.repeat(5_000) } }),
    logged('5', 2),
  ]

  test('No event arrives before an earlier one of its aggregate that was refused', async () => {
    const report = (await sinkOn(connection).handle(pair(), unhurried()))._unsafeUnwrap()
    expect(report.failed).toHaveLength(1)
    expect(await stored()).toEqual([])
  })

  test('Control: publishing a batch side by side lets the later event overtake the refused one', async () => {
    const client = jetstream(connection)
    const published = await Promise.allSettled(
      pair().map((event) =>
        client.publish(natsSubject(stream, event), JSON.stringify(event.payload), {
          headers: natsHeadersOf(event, '/shop'),
        }),
      ),
    )
    expect(published.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect((await stored()).map(effectOf)).toEqual(['5:2'])
  })

  test('A message that is too large for the server, or has no subject, is refused as itself', async () => {
    const large = logged('5', 1, { payload: 'x'.repeat(2_000_000) })
    const report = (
      await sinkOn(connection).handle([large, logged('6', 1)], unhurried())
    )._unsafeUnwrap()
    expect(report.failed).toMatchObject([{ id: large.id, failure: { retryable: false } }])
    expect((await stored()).map(effectOf)).toEqual(['6:1'])
    const nowhere = sinkOn(connection, { subject: () => 'two words' })
    const answer = (await nowhere.handle([logged('5', 1)], unhurried()))._unsafeUnwrap()
    expect(answer.failed).toMatchObject([{ failure: { retryable: false } }])
  })

  test('A full stream makes the sink rest, and is no reason for a dead letter', async () => {
    await manager.streams.update(stream, { max_msgs: 1, discard: 'new' })
    const sink = sinkOn(connection)
    expect((await sink.handle([logged('5', 1)], unhurried())).isOk()).toBe(true)
    const answer = (await sink.handle([logged('6', 1)], unhurried()))._unsafeUnwrapErr()
    expect(answer).toMatchObject({
      retryable: true,
      message: expect.stringContaining('maximum messages') as string,
    })
  })

  test('A connection that the host has closed makes the sink rest', async () => {
    const over = await connected(engine.url)
    const sink = sinkOn(over)
    await over.close()
    const answer = (await sink.handle([logged('5', 1)], unhurried()))._unsafeUnwrapErr()
    expect(answer).toMatchObject({ retryable: true, message: 'NATS is not connected' })
  })

  /** Starts a consumer, which ends before its connection does. */
  async function consume(
    more: Partial<ConsumeNatsOptions> = {},
    { over = connection, max_ack_pending = 1_000 } = {},
  ): Promise<Consumption> {
    await manager.consumers.add(stream, {
      durable_name: 'mail',
      ack_policy: 'explicit',
      ack_wait: 2_000_000_000,
      max_ack_pending,
    })
    const { stores, handle } = fixture
    const from = await jetstream(over).consumers.get(stream, 'mail')
    const consumption = consumeNats(stores, { consumer: 'mail', from, handle, ...more })
    endings.push(() => consumption.close())
    return consumption
  }

  async function untilAcknowledged(): Promise<void> {
    await eventually(async () => {
      const { num_pending, num_ack_pending } = await manager.consumers.info(stream, 'mail')
      expect([num_pending, num_ack_pending]).toEqual([0, 0])
    })
  }

  /** Consumes while NATS is killed with messages in hand, and returns the number of events. */
  async function consumeThroughKill(
    courses: number,
    consuming: { readonly max_ack_pending?: number } = {},
  ): Promise<number> {
    let gate: Promise<unknown> = Promise.resolve()
    const publishing = fixture.startPublishing(courses)
    const relay = fixture.relay(sinkOn(connection, { batchSize: 50 }))
    const handle: BrokersFixture['handle'] = async (tx, event) => {
      await gate
      await fixture.handle(tx, event)
    }
    const consumption = await consume({ handle }, consuming)
    await eventually(async () => expect((await fixture.effects()).length).toBeGreaterThan(50))
    const opened = Promise.withResolvers<undefined>()
    gate = opened.promise
    await eventually(() => expect(consumption.inHand).toBeGreaterThan(0))
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
    await untilAcknowledged()
    await consumption.close()
    expect(await fixture.effects()).toHaveLength(count)
    expect(fixture.dead).toEqual([])
    return count
  }

  test('Handles each event once, though NATS is killed with many in hand', async () => {
    const count = await consumeThroughKill(20)
    expect(new Set(await fixture.effects()).size).toBe(count)
  })

  test('A consumer with one message in hand keeps the order of aggregates while NATS is killed', async () => {
    await consumeThroughKill(2, { max_ack_pending: 1 })
    expect(areInOrder(await fixture.effects())).toBe(true)
  })

  test('Handles an event once that the stream has three times', async () => {
    const event = logged('5', 1)
    for (let time = 0; time < 3; time += 1) {
      const headers = natsHeadersOf(event, '/shop')
      headers.delete('Nats-Msg-Id')
      await jetstream(connection).publish(`${stream}.course.5`, '{}', { headers })
    }
    await consume()
    await untilAcknowledged()
    expect(await fixture.effects()).toEqual(['5:1'])
  })

  test('Terminates what is given up, which the server announces, and handles what follows', async () => {
    const advised: string[] = []
    connection.subscribe(`$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.${stream}.mail`, {
      callback: (_, message) => void advised.push(message.json<{ reason: string }>().reason),
    })
    expect(
      (await sinkOn(connection).handle([logged('5', 1), logged('5', 2)], unhurried())).isOk(),
    ).toBe(true)
    const consumption = await consume({
      maxAttempts: 2,
      handle: async (tx, event) => {
        if (event.version === 1) throw new TypeError('undefined is not a course')
        await fixture.handle(tx, event)
      },
    })
    await eventually(() => expect(advised).toEqual(['undefined is not a course']))
    await eventually(async () => expect(await fixture.effects()).toEqual(['5:2']))
    await consumption.close()
    expect((await manager.consumers.info(stream, 'mail')).num_ack_pending).toBe(0)
  })

  test('A handling that takes longer than the consumer waits is not delivered to another process', async () => {
    expect((await sinkOn(connection).handle([logged('5', 1)], unhurried())).isOk()).toBe(true)
    let calls = 0
    const consumption = await consume({
      deadlineMs: 30_000,
      handle: async (tx, event) => {
        calls += 1
        await new Promise((resolve) => setTimeout(resolve, 5_000))
        await fixture.handle(tx, event)
      },
    })
    await eventually(async () => expect(await fixture.effects()).toEqual(['5:1']))
    await consumption.close()
    expect(calls).toBe(1)
    expect((await manager.consumers.info(stream, 'mail')).num_redelivered).toBe(0)
  })

  test('An event that could not be acknowledged, since the host closed the connection, is handled once', async () => {
    expect((await sinkOn(connection).handle([logged('5', 1)], unhurried())).isOk()).toBe(true)
    const errors: unknown[] = []
    fixture.stores.diagnostics.on('consume:error', ({ error }) => void errors.push(error))
    const over = await connected(engine.url)
    const end = Promise.withResolvers<undefined>()
    const first = await consume(
      {
        deadlineMs: 60_000,
        handle: async (tx, event) => {
          await end.promise
          await fixture.handle(tx, event)
        },
      },
      { over },
    )
    await eventually(() => expect(first.inHand).toBe(1))
    await over.close()
    // Long enough for the server to be told to wait, were it there.
    await eventually(() => expect(errors.length).toBeGreaterThan(3))
    end.resolve(undefined)
    await first.close()
    expect(await fixture.effects()).toEqual(['5:1'])
    await consume()
    await untilAcknowledged()
    const { delivered } = await manager.consumers.info(stream, 'mail')
    expect(delivered.consumer_seq).toBeGreaterThan(1)
    expect(await fixture.effects()).toEqual(['5:1'])
  })
})
