import { randomBytes } from 'node:crypto'
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { OutboxEvent, Sink } from '@headwater/core'
import { eventually, faultProxy, type FaultProxy } from '@headwater/testing'
import { consumeNats, natsSink, natsSubject, type NatsSinkOptions } from '../../src/nats/index.ts'
import { natsHeadersOf, readNatsMessage } from '../../src/nats/nats-message.ts'
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

  test('Loses nothing and keeps the order of aggregates while NATS is killed and restarted', async () => {
    const events = changes(20, 50)
    await fixture.publish(...events)
    const relay = fixture.relay(sinkOn(connection, { batchSize: 40 }))
    for (const least of [100, 400]) {
      await eventually(async () => {
        expect((await manager.streams.info(stream)).state.messages).toBeGreaterThan(least)
      })
      await engine.kill()
      await engine.start()
    }
    expect((await relay.drain({ deadlineMs: 120_000 })).isOk()).toBe(true)
    const effects = (await stored()).map(effectOf)
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
      const over = await connected(`nats://127.0.0.1:${proxy.port}`, { pingInterval: 500 })
      const events = changes(20, 50)
      await fixture.publish(...events)
      const relay = fixture.relay(sinkOn(over, { batchSize: 40, timeoutMs: 700 }))
      await eventually(async () => {
        expect((await manager.streams.info(stream)).state.messages).toBeGreaterThan(100)
      })
      fault(proxy)
      await eventually(() => expect(fixture.retried()).toBeGreaterThan(2))
      proxy.restore()
      expect((await relay.drain({ deadlineMs: 120_000 })).isOk()).toBe(true)
      const effects = (await stored()).map(effectOf)
      expect(effects).toHaveLength(events.length)
      expect(areInOrder(effects)).toBe(true)
      expect(await fixture.deadLetters()).toEqual([])
    },
  )

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

  async function consumerOf(name: string): ReturnType<JetStreamManager['consumers']['add']> {
    return manager.consumers.add(stream, {
      durable_name: name,
      ack_policy: 'explicit',
      ack_wait: 2_000_000_000,
    })
  }

  test('Handles each event once, in order, though NATS is killed and delivers it again', async () => {
    await consumerOf('mail')
    const events = changes(10, 40)
    await fixture.publish(...events)
    const relay = fixture.relay(sinkOn(connection, { batchSize: 50 }))
    const { stores, handle } = fixture
    const from = await jetstream(connection).consumers.get(stream, 'mail')
    const consumption = consumeNats(stores, { consumer: 'mail', from, handle })
    await eventually(async () => {
      expect((await fixture.effects()).length).toBeGreaterThan(50)
    })
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
  })

  test('Handles an event once that the stream has three times', async () => {
    await consumerOf('mail')
    const event = logged('5', 1)
    for (let time = 0; time < 3; time += 1) {
      const headers = natsHeadersOf(event, '/shop')
      headers.delete('Nats-Msg-Id')
      await jetstream(connection).publish(`${stream}.course.5`, '{}', { headers })
    }
    const { stores, handle } = fixture
    const from = await jetstream(connection).consumers.get(stream, 'mail')
    const consumption = consumeNats(stores, { consumer: 'mail', from, handle })
    await eventually(async () => {
      const { num_pending, num_ack_pending } = await manager.consumers.info(stream, 'mail')
      expect([num_pending, num_ack_pending]).toEqual([0, 0])
    })
    await consumption.close()
    expect(await fixture.effects()).toEqual(['5:1'])
  })

  test('Terminates what is given up, which the server announces, and handles what follows', async () => {
    await consumerOf('mail')
    const advised: string[] = []
    connection.subscribe(`$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.${stream}.mail`, {
      callback: (_, message) => void advised.push(message.json<{ reason: string }>().reason),
    })
    expect(
      (await sinkOn(connection).handle([logged('5', 1), logged('5', 2)], unhurried())).isOk(),
    ).toBe(true)
    const { stores } = fixture
    const from = await jetstream(connection).consumers.get(stream, 'mail')
    const consumption = consumeNats(stores, {
      consumer: 'mail',
      from,
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
    await consumerOf('mail')
    expect((await sinkOn(connection).handle([logged('5', 1)], unhurried())).isOk()).toBe(true)
    let calls = 0
    const { stores } = fixture
    const from = await jetstream(connection).consumers.get(stream, 'mail')
    const consumption = consumeNats(stores, {
      consumer: 'mail',
      from,
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
})
