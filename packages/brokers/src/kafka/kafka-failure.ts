import {
  away,
  deferred,
  refused,
  refusedBatch,
  wordsOf,
  type NotTaken,
} from '../delivery/not-taken.ts'

/** Errors of the protocol that the same record will meet again. */
const refusals: ReadonlySet<unknown> = new Set([
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'INVALID_TOPIC_EXCEPTION',
  'MESSAGE_TOO_LARGE',
  'POLICY_VIOLATION',
  'RECORD_LIST_TOO_LARGE',
  'TOPIC_AUTHORIZATION_FAILED',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
])

/**
 * Reads what the client reports of a batch. It has tried again by then what Kafka may take later,
 * and refreshed its metadata. An error that is not known as a refusal makes the sink rest.
 */
export function readKafkaError(error: unknown): NotTaken {
  const refusal = refusalIn(error)
  return refusal === undefined
    ? away(`Kafka: ${wordsOf(error)}`, error)
    : refusedBatch(wordsOfCause(refusal), error)
}

/**
 * Reads what the client reports of one topic: its events are refused where it can never take them,
 * and wait while it does not exist or has no leader. A client that learns nothing makes the sink
 * rest.
 */
export function readTopicError(topic: string, error: unknown): NotTaken {
  const refusal = refusalIn(error)
  if (refusal !== undefined) return refused(wordsOfCause(refusal), error)
  if (isUnknownTopic(error)) return deferred(`Kafka has no topic "${topic}"`, error)
  const ofTopic = causesOf(error).find(({ apiId }) => apiId !== undefined)
  return ofTopic === undefined
    ? away(`Kafka: ${wordsOf(error)}`, error)
    : deferred(wordsOfCause(ofTopic), error)
}

/** The client has an error of its own for it, in place of the protocol's. */
function isUnknownTopic(error: unknown): boolean {
  return causesOf(error).some(
    ({ error: cause, apiId }) =>
      apiId === 'UNKNOWN_TOPIC_OR_PARTITION' || wordsOf(cause).startsWith('Unknown topic '),
  )
}

function refusalIn(error: unknown): KafkaCause | undefined {
  return causesOf(error).find(({ apiId }) => refusals.has(apiId))
}

function wordsOfCause({ apiId, error }: KafkaCause): string {
  return `Kafka: ${String(apiId)}: ${wordsOf(error)}`
}

interface KafkaCause {
  readonly error: unknown
  /** The name of the protocol's error. */
  readonly apiId: unknown
}

/** An error and those that it gathers or stems from. */
function causesOf(error: unknown): readonly KafkaCause[] {
  if (!(error instanceof Error)) return []
  const { apiId, errors, cause } = error as Error & {
    readonly apiId?: unknown
    readonly errors?: unknown
  }
  const beneath: readonly unknown[] = Array.isArray(errors) ? errors : []
  return [{ error, apiId }, ...[...beneath, cause].flatMap(causesOf)]
}
