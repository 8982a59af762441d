import type { Msg } from '@nats-io/nats-core'
import { away, refused, wordsOf, type NotTaken } from '../delivery/not-taken.ts'

/** What a stream answers: where it stored the message, or why it did not. */
interface PubAck {
  readonly error?: { readonly code: number; readonly description: string }
}

/** Whether nobody listens on the subject: no stream takes it, or JetStream is away. */
export function isUnheard({ data, headers }: Msg): boolean {
  return data.length === 0 && headers?.code === 503
}

/** Reads the answer of a stream: nothing when it has stored the message, or had it before. */
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
  return isRefusal(error.code) ? refused(message, error) : away(message, error)
}

/** Codes are those of HTTP: 408 and 429 ask for patience, the rest of 400 will not change. */
function isRefusal(code: number): boolean {
  return code >= 400 && code < 500 && code !== 408 && code !== 429
}

/** Tells an error of the client, before anything was sent, of one message from one of all. */
export function readClientError(error: unknown): NotTaken {
  const name = error instanceof Error ? error.name : ''
  const message = `NATS: ${wordsOf(error)}`
  const isOfMessage = name === 'InvalidArgumentError' || name === 'InvalidSubjectError'
  return isOfMessage ? refused(message, error) : away(message, error)
}
