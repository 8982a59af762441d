import type { NatsConnection } from '@nats-io/nats-core'
import * as z from 'zod/mini'
import { checkOptions, once, option, strictOptions } from '@headwater/core'
import type { OutboxEvent, Sink } from '@headwater/core'
import { brokerSink, sinkRules, type BrokerSinkOptions } from '../delivery/broker-sink.ts'
import { away, refused, type NotTaken } from '../delivery/not-taken.ts'
import { sendByAggregate } from '../delivery/send-by-aggregate.ts'
import { isUnheard, readAnswer } from './nats-answer.ts'
import { natsHeadersOf, natsSubject } from './nats-message.ts'
import { PubAcks } from './pub-acks.ts'

/** Options of {@link natsSink}. */
export interface NatsSinkOptions extends BrokerSinkOptions {
  /** A connection of the host, which also closes it. */
  readonly connection: NatsConnection
  /**
   * The first part of every subject: an event of course 5 goes to `events.course.5`.
   *
   * @defaultValue `'events'`
   */
  readonly subjectPrefix?: string
  /**
   * The subject of an event, in place of {@link natsSubject} with the prefix. Send the events of
   * one aggregate to one stream, which keeps their order.
   */
  readonly subject?: (event: OutboxEvent) => string
  /**
   * Where JetStream's API is: `$JS.DOMAIN.API` for a domain.
   *
   * @defaultValue `'$JS.API'`
   */
  readonly apiPrefix?: string
}

/** The defaults of {@link NatsSinkOptions}. */
export const natsSinkDefaults = {
  name: 'nats',
  subjectPrefix: 'events',
  apiPrefix: '$JS.API',
} as const satisfies Partial<NatsSinkOptions>

/**
 * Takes events to streams of NATS JetStream, as CloudEvents in binary mode. An event counts as
 * delivered when its stream has stored it, and `Nats-Msg-Id` is its id. Events of one aggregate are
 * sent one after the other.
 *
 * What a stream refuses, or no stream takes, becomes a dead letter. While NATS or JetStream is
 * away, or a stream is full, the sink rests.
 *
 * @throws InvalidOptions when an option breaks a rule.
 * @example
 * ```ts
 * const sink = natsSink({ connection: await connect({ servers }), source: '/shop' })
 * createRelay(stores, { sinks: [sink] }).start()
 * ```
 */
export function natsSink(options: NatsSinkOptions): Sink {
  const { connection, subject, subjectPrefix, apiPrefix, ...shared } = {
    ...natsSinkDefaults,
    ...checkOptions('natsSink', natsSinkSchema(), options),
  }
  const stream = new JetStream({ connection, apiPrefix, source: shared.source })
  const subjectOf = subject ?? ((event) => natsSubject(subjectPrefix, event))
  return brokerSink(shared, async (events, signal) => {
    const stop = (): void => {
      stream.giveUp()
    }
    signal.addEventListener('abort', stop, { once: true })
    try {
      return await sendByAggregate(events, (event) => stream.send(event, subjectOf(event)))
    } finally {
      signal.removeEventListener('abort', stop)
    }
  })
}

const natsSinkSchema = once(() =>
  strictOptions<NatsSinkOptions>({
    ...sinkRules(),
    connection: option.object(),
    subjectPrefix: z.optional(
      z
        .string('expected a text')
        .check(
          z.regex(/^[^\s.*>]+(\.[^\s.*>]+)*$/, 'expected parts of a subject, such as "events"'),
        ),
    ),
    subject: z.optional(option.function()),
    apiPrefix: z.optional(option.text()),
  }),
)

interface JetStreamDeps {
  readonly connection: NatsConnection
  readonly apiPrefix: string
  readonly source: string
}

const lookMs = 2_000

class JetStream {
  readonly #deps: JetStreamDeps
  readonly #acks: PubAcks

  constructor(deps: JetStreamDeps) {
    this.#deps = deps
    this.#acks = new PubAcks(deps.connection)
  }

  async send(event: OutboxEvent, subject: string): Promise<NotTaken | undefined> {
    const answer = await this.#acks.publish({
      subject,
      data: JSON.stringify(event.payload),
      headers: natsHeadersOf(event, this.#deps.source),
    })
    if (!('msg' in answer)) return answer
    return isUnheard(answer.msg) ? this.#whyUnheard(subject) : readAnswer(answer.msg)
  }

  giveUp(): void {
    this.#acks.giveUp(away('NATS has not confirmed the batch in time'))
  }

  /** A server that starts, or has no leader, answers like one that has no such stream. */
  async #whyUnheard(subject: string): Promise<NotTaken> {
    const { connection, apiPrefix } = this.#deps
    try {
      const question = JSON.stringify({ subject })
      const names = await connection.request(`${apiPrefix}.STREAM.NAMES`, question, {
        timeout: lookMs,
      })
      const answer = names.json<{
        readonly error?: unknown
        readonly streams?: readonly string[] | null
      }>()
      if (answer.error === undefined && (answer.streams ?? []).length === 0)
        return refused(`no stream of JetStream takes the subject "${subject}"`)
      return away('the stream does not answer')
    } catch (error) {
      return away('JetStream does not answer', error)
    }
  }
}
