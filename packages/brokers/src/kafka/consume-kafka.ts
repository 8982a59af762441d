import { once, option, strictOptions } from '@headwater/core'
import type { Stores } from '@headwater/core'
import * as z from 'zod/mini'
import { consumeRules, type ConsumeOptions } from '../consume/consume-options.ts'
import { startConsuming, type Consumption, type Source } from '../consume/consumption.ts'
import type { InHand } from '../consume/in-hand.ts'
import type { Message } from '../consume/message.ts'
import { orAborted, within } from '../consume/pause.ts'
import { readKafkaRecord } from './kafka-message.ts'

/** The part of a message of `@platformatic/kafka` that is used. */
export interface KafkaMessage {
  /** Where it came from. */
  readonly topic: string
  /** The partition of the topic. */
  readonly partition: number
  /** Its place in the partition. */
  readonly offset: bigint
  /** As the consumer's deserializer left it, like value and headers. */
  readonly key: unknown
  /** The payload of the event. */
  readonly value: unknown
  /** The attributes of the CloudEvent. */
  readonly headers: ReadonlyMap<unknown, unknown>
  /** Commits the offset of the message in the consumer's group. */
  commit(): void | Promise<void>
}

/** A stream of messages, which ends when it is closed. */
export interface KafkaStream extends AsyncIterable<KafkaMessage> {
  /** Stops fetching. */
  close(): Promise<void>
}

/** The part of a `Consumer` of `@platformatic/kafka` that is used, with any deserializers. */
export interface KafkaConsumer {
  /** Opens a stream of messages. */
  consume(options: {
    topics: string[]
    autocommit: false
    mode: 'committed'
    fallbackMode: 'earliest'
  }): Promise<KafkaStream>
}

/** A message that was given up. */
export interface KafkaDeadLetter {
  /** As it was received. */
  readonly message: KafkaMessage
  /** Why, as one sentence. */
  readonly reason: string
}

/** Options of {@link consumeKafka}. */
export interface ConsumeKafkaOptions extends ConsumeOptions {
  /** A consumer of the host, which also closes it; its group remembers how far it came. */
  readonly from: KafkaConsumer
  /** The topics. */
  readonly topics: readonly string[]
  /**
   * Keeps a message that was given up, usually by sending it to a topic of dead letters: Kafka has
   * none of its own. Its offset is committed once this resolves; while it rejects, or takes longer
   * than `timeoutMs`, it is called again, and the partition waits.
   */
  readonly deadLetter: (letter: KafkaDeadLetter) => Promise<void>
}

/**
 * Handles the events of topics of Kafka, each once: the offset is committed after the event's
 * transaction. The messages of a partition are handled one after the other, so one that is tried
 * again delays those behind it.
 *
 * @param stores - the consumer's own, whose schema has the table `inbox` of `brokersMigrations`
 * @throws InvalidOptions when an option breaks a rule.
 */
export function consumeKafka(stores: Stores, options: ConsumeKafkaOptions): Consumption {
  return startConsuming(stores, options, {
    name: 'consumeKafka',
    schema: consumeKafkaSchema(),
    source: (settings) => new TopicSource(settings),
  })
}

const consumeKafkaSchema = once(() =>
  strictOptions<ConsumeKafkaOptions>({
    ...consumeRules(),
    from: option.object(),
    topics: z
      .array(option.text(), 'expected a list of topics')
      .check(z.minLength(1, 'expected at least one topic')),
    deadLetter: option.function(),
  }),
)

type TopicSourceDeps = Pick<ConsumeKafkaOptions, 'from' | 'topics' | 'deadLetter'> & {
  readonly timeoutMs: number
}

class TopicSource implements Source {
  readonly #deps: TopicSourceDeps

  constructor(deps: TopicSourceDeps) {
    this.#deps = deps
  }

  async receive(inHand: InHand, signal: AbortSignal): Promise<void> {
    const { from, topics, deadLetter, timeoutMs } = this.#deps
    const opening = from.consume({
      topics: [...topics],
      autocommit: false,
      mode: 'committed',
      fallbackMode: 'earliest',
    })
    const opened = await orAborted(opening, signal)
    if (opened === undefined) {
      void opening.then((late) => late.close()).catch(() => undefined)
      return
    }
    const stream = opened.value
    const messages = stream[Symbol.asyncIterator]()
    const delivery = new Delivery(deadLetter)
    try {
      while (!signal.aborted) {
        await inHand.room()
        const next = await orAborted(messages.next(), signal)
        if (next === undefined || next.value.done === true) break
        inHand.take(delivery.inHandOf(next.value.value))
      }
    } finally {
      delivery.end()
      await inHand.drained()
      await within(timeoutMs, 'to close a stream of Kafka', () => stream.close()).catch(
        (error: unknown) => {
          inHand.report(error)
        },
      )
    }
  }
}

/** What one stream delivers, until its end. */
class Delivery {
  readonly #deadLetter: ConsumeKafkaOptions['deadLetter']
  readonly #ended = new AbortController()
  readonly #offsets = new Map<string, bigint>()

  constructor(deadLetter: ConsumeKafkaOptions['deadLetter']) {
    this.#deadLetter = deadLetter
  }

  /** What waits in hand is read again from the committed offset on. */
  end(): void {
    this.#ended.abort()
  }

  inHandOf(message: KafkaMessage): Message {
    let isKept = false
    const lane = `${message.topic}/${message.partition}`
    return {
      event: readKafkaRecord(message),
      lane,
      isAgain: this.#isAgain(lane, message),
      lost: this.#ended.signal,
      acknowledge: () => message.commit(),
      refuse: async (reason) => {
        if (!isKept) await this.#deadLetter({ message, reason })
        isKept = true
        await message.commit()
      },
      // What is not committed is read again.
      release: () => undefined,
    }
  }

  /**
   * Kafka does not say so. A process that dies has begun no more of a partition than the first
   * message after the committed offset, where the next one starts.
   */
  #isAgain(partition: string, { offset }: KafkaMessage): boolean {
    const last = this.#offsets.get(partition)
    this.#offsets.set(partition, offset)
    return last === undefined || offset !== last + 1n
  }
}
