import type { Msg } from '@nats-io/nats-core'
import { away, refused, wordsOf, type NotTaken } from '../delivery/not-taken.ts'

/** What a stream answers: where it stored the message, or why it did not. */
interface PubAck {
  readonly error?: { readonly err_code?: number; readonly description: string }
}

/** Errors of JetStream that the same message will meet again, on the same stream. */
const refusals: ReadonlySet<number | undefined> = new Set([
  10_054, // the message is larger than the stream permits
  10_097, // the headers are larger than 64 KB
  10_109, // the stream is sealed
])

/** Whether nobody listens on the subject: no stream takes it, or JetStream is away. */
export function isUnheard({ data, headers }: Msg): boolean {
  return data.length === 0 && headers?.code === 503
}

/**
 * Reads the answer of a stream: nothing when it has stored the message, or had it before. An error
 * that is not known as a refusal makes the sink rest: accounts that are full and ids that are in
 * process have codes of 400 and more as well.
 */
export function readAnswer(answer: Msg): NotTaken | undefined {
  let ack: PubAck
  try {
    ack = answer.json<PubAck>()
  } catch (error) {
    return away(
      'the answer is none of JetStream: does something else listen on the subject?',
      error,
    )
  }
  const { error } = ack
  if (error === undefined) return undefined
  const message = `JetStream: ${error.description}`
  return refusals.has(error.err_code) ? refused(message, error) : away(message, error)
}

/** Tells an error of the client, before anything was sent, of one message from one of all. */
export function readClientError(error: unknown): NotTaken {
  const name = error instanceof Error ? error.name : ''
  const message = `NATS: ${wordsOf(error)}`
  const isOfMessage = name === 'InvalidArgumentError' || name === 'InvalidSubjectError'
  return isOfMessage ? refused(message, error) : away(message, error)
}
