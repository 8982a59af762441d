import { away, refusedBatch, wordsOf, type NotTaken } from '../delivery/not-taken.ts'

/** Errors of the protocol that the same record will meet again. */
const refusals: ReadonlySet<unknown> = new Set([
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'INVALID_TOPIC_EXCEPTION',
  'MESSAGE_TOO_LARGE',
  'POLICY_VIOLATION',
  'RECORD_LIST_TOO_LARGE',
  'TOPIC_AUTHORIZATION_FAILED',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
])

/**
 * Reads what the client reports of a batch. It has tried again by then what Kafka may take later,
 * and refreshed its metadata. An error that is not known as a refusal makes the sink rest.
 */
export function readKafkaError(error: unknown): NotTaken {
  const refusal = causesOf(error).find(({ apiId }) => refusals.has(apiId))
  return refusal === undefined
    ? away(`Kafka: ${wordsOf(error)}`, error)
    : refusedBatch(`Kafka: ${String(refusal.apiId)}: ${wordsOf(refusal.error)}`, error)
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
