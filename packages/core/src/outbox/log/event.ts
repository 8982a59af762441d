import type { Json } from '../../json/json.ts'

/** An event as its publisher writes it. */
export interface NewEvent {
  /** Kind of the aggregate that changed, for instance `course`; at most 255 characters. */
  readonly aggregateType: string
  /**
   * Id of the aggregate; events of one aggregate are delivered in the order of their publication.
   */
  readonly aggregateId: string | number
  /** `noun.past-participle`, for instance `course.published`; at most 255 characters. */
  readonly type: string
  /** Version of the aggregate after the change; state sinks refuse to go back. */
  readonly version: number
  /** Ids and what a sink needs; no personal data that a later deletion must erase. */
  readonly payload: Json
  /**
   * Trace context, tenant, actor.
   *
   * @defaultValue `{}`
   */
  readonly headers?: Readonly<Record<string, string>>
}

/** An event as a sink receives it. */
export interface OutboxEvent {
  /** UUID version 7, made by the publisher: the idempotency key of every effect. */
  readonly id: string
  /** Position in the log; rising within an aggregate. */
  readonly seq: bigint
  /** Kind of the aggregate. */
  readonly aggregateType: string
  /** Id of the aggregate, as text. */
  readonly aggregateId: string
  /** Type of the event. */
  readonly type: string
  /** Version of the aggregate after the change. */
  readonly version: number
  /** The payload as it was published. */
  readonly payload: Json
  /** The headers as they were published, or `{}`. */
  readonly headers: Readonly<Record<string, string>>
  /** When the publishing transaction began, by PostgreSQL's clock. */
  readonly createdAt: Date
}

/** An event as the relay reads it from the log. */
export interface LoggedEvent extends OutboxEvent {
  /** The shard of its aggregate. */
  readonly shard: number
}

/** Names the aggregate of an event within a process. */
export function aggregateKey(event: Pick<OutboxEvent, 'aggregateType' | 'aggregateId'>): string {
  return `${event.aggregateType}\0${event.aggregateId}`
}
