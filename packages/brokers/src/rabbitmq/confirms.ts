import type { ConfirmChannel, Message as AmqpMessage, Options } from 'amqplib'
import {
  away,
  deferred,
  refused,
  refusedBatch,
  wordsOf,
  type NotTaken,
} from '../delivery/not-taken.ts'

/** A message to publish. */
export interface Publication {
  readonly exchange: string
  readonly routingKey: string
  readonly content: Buffer
  readonly properties: Options.Publish & { readonly messageId: string }
}

/** RabbitMQ's code for a message that breaks a rule, such as its largest size. */
const preconditionFailed = 406

/**
 * A channel with confirms: each message is answered once the broker has written it to the queues,
 * or has returned it. Returns are told apart by `messageId`: while a message has no answer, no
 * other one may have its id.
 */
export class Confirms {
  readonly #channel: ConfirmChannel
  readonly #returned = new Map<string, string>()
  #error: unknown
  #isOpen = true

  constructor(channel: ConfirmChannel) {
    this.#channel = channel
    channel.on('error', (error: unknown) => {
      this.#error = error
    })
    // First of all: the client answers what was not confirmed from a listener of its own.
    channel.prependListener('close', () => {
      this.#isOpen = false
    })
    // A message that no queue takes is returned before it is confirmed.
    channel.on('return', ({ fields, properties }: AmqpMessage) => {
      const { replyText } = Object(fields) as { readonly replyText?: unknown }
      this.#returned.set(String(properties.messageId), String(replyText))
    })
  }

  /** Whether the channel can still be used. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Publishes, and resolves once the broker has confirmed or refused. */
  publish({
    exchange,
    routingKey,
    content,
    properties,
  }: Publication): Promise<NotTaken | undefined> {
    return new Promise((answer) => {
      try {
        this.#channel.publish(exchange, routingKey, content, properties, (error: unknown) => {
          answer(this.#read(properties.messageId, error))
        })
      } catch (error) {
        answer(this.#isOpen ? refused(`RabbitMQ: ${wordsOf(error)}`, error) : this.#lost())
      }
    })
  }

  /**
   * Closes the channel, with what has no answer yet: the broker may still answer it, and the answer
   * of one message must not be taken for that of another. Does not wait, since the broker may not
   * answer this either.
   */
  abandon(): void {
    this.#isOpen = false
    void this.#channel.close().catch(() => undefined)
  }

  #read(messageId: string, error: unknown): NotTaken | undefined {
    const returned = this.#returned.get(messageId)
    this.#returned.delete(messageId)
    if (returned !== undefined) return refused(`RabbitMQ returned the message: ${returned}`)
    if (error === null || error === undefined) return undefined
    // A nack has no reason; a queue that is full and rejects is the usual one.
    return this.#isOpen ? deferred('RabbitMQ nacked the message: is a queue full?') : this.#lost()
  }

  #lost(): NotTaken {
    const { code } = Object(this.#error) as { readonly code?: unknown }
    if (this.#error === undefined) return away('the channel to RabbitMQ was lost')
    const message = `RabbitMQ closed the channel: ${wordsOf(this.#error)}`
    return code === preconditionFailed
      ? refusedBatch(message, this.#error)
      : away(message, this.#error)
  }
}
