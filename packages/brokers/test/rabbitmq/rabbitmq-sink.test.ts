import { EventEmitter } from 'node:events'
import type { ConfirmChannel, Options } from 'amqplib'
import { expect, test } from 'vitest'
import { rabbitmqSink, type RabbitmqConnection } from '../../src/rabbitmq/index.ts'
import { logged, unhurried } from '../brokers-fixture.ts'

type Confirm = (error: unknown) => void

/** A channel whose broker answers what the test says. */
class StandInChannel extends EventEmitter {
  readonly published: { readonly messageId: string; readonly confirm: Confirm }[] = []
  isClosed = false

  publish(_: string, __: string, ___: Buffer, options: Options.Publish, confirm: Confirm): boolean {
    if (this.isClosed) throw new Error('Channel closed')
    this.published.push({ messageId: options.messageId ?? '', confirm })
    return true
  }

  /** The broker may never answer this. */
  close(): Promise<void> {
    this.isClosed = true
    return new Promise(() => undefined)
  }

  returned(messageId: string): void {
    this.emit('return', { fields: { replyText: 'NO_ROUTE' }, properties: { messageId } })
  }
}

class StandInConnection {
  readonly channels: StandInChannel[] = []

  async createConfirmChannel(): Promise<ConfirmChannel> {
    const channel = new StandInChannel()
    this.channels.push(channel)
    return channel as unknown as ConfirmChannel
  }
}

function opened(): {
  readonly connection: StandInConnection
  readonly sink: ReturnType<typeof rabbitmqSink>
} {
  const connection = new StandInConnection()
  const over = connection as unknown as RabbitmqConnection
  return { connection, sink: rabbitmqSink({ connection: over, exchange: 'e', source: '/shop' }) }
}

const turn = (): Promise<unknown> => new Promise(setImmediate)

test('A batch has a channel that no earlier one has left answers on', async () => {
  const { connection, sink } = opened()
  const event = logged('7', 1)
  const late = new AbortController()
  const first = sink.handle([event], unhurried(late.signal))
  await turn()
  late.abort()
  expect((await first)._unsafeUnwrapErr()).toMatchObject({ retryable: true })

  const second = sink.handle([event], unhurried())
  await turn()
  const [old, young] = connection.channels
  expect(old?.isClosed).toBe(true)
  // No queue takes it, either time: the broker returns both, and confirms both in one frame.
  for (const { messageId } of old?.published ?? []) old?.returned(messageId)
  for (const { messageId } of young?.published ?? []) young?.returned(messageId)
  for (const { confirm } of [...(old?.published ?? []), ...(young?.published ?? [])]) confirm(null)
  expect((await second)._unsafeUnwrap().failed).toMatchObject([
    {
      id: event.id,
      failure: { retryable: false, message: expect.stringContaining('NO_ROUTE') as string },
    },
  ])
})

test('Batches that were answered share a channel', async () => {
  const { connection, sink } = opened()
  for (let batch = 0; batch < 3; batch += 1) {
    const answer = sink.handle([logged('7', batch + 1)], unhurried())
    await turn()
    connection.channels[0]?.published.at(-1)?.confirm(null)
    expect((await answer)._unsafeUnwrap()).toEqual({ failed: [] })
  }
  expect(connection.channels).toHaveLength(1)
})
