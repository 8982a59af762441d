import type { Moment } from './moment.ts'
import type { Section } from './section.ts'

/** The outbox in figures. */
export interface OutboxSummary {
  readonly sinks: number
  readonly lagMs: number
  readonly parked: number
  readonly dead: number
  readonly unowned: number
}

/** One sink of the outbox. */
export interface SinkState {
  readonly sink: string
  readonly lagEvents: number
  readonly lagMs: number
  readonly parked: number
  readonly dead: number
  readonly holdsPurge: boolean
  readonly unowned: number
  readonly owners: readonly {
    readonly owner: string
    readonly shards: number
    readonly fence: string
    readonly isAlive: boolean
  }[]
}

/** One shard of a sink. */
export interface ShardState {
  readonly sink: string
  readonly shard: number
  readonly owner: string | null
  readonly isAlive: boolean
  readonly fence: string
  readonly tick: string
  /** Ticks that it has not passed. */
  readonly behind: number
}

/** Screen `outbox`. */
export interface OutboxScreen {
  readonly status: Section<{
    readonly sinks: readonly SinkState[]
    readonly tickAgeMs: number
    readonly logBytes: number
    readonly oldestSnapshot?: {
      readonly pid: number
      readonly application: string
      readonly state: string
      readonly openMs: number
    }
  }>
  readonly shards: Section<readonly ShardState[]>
  /** Events that were given up. */
  readonly dead: Section<FailureGroups>
  /** Events that are tried again at their time. */
  readonly waiting: Section<FailureGroups>
}

/** Events of one state that sinks could not take. */
export interface FailureGroups {
  /** The largest first. */
  readonly groups: readonly LetterGroup[]
  /** Groups that are not among them, none larger. */
  readonly more: number
  /** Why they have no examples; absent where they have. */
  readonly withoutExamples?: string
}

/** Events that a sink could not take, of one kind of failure. */
export interface LetterGroup {
  /** `dead`: given up. `waiting`: tried again at its time. */
  readonly state: 'dead' | 'waiting'
  readonly sink: string
  /** Empty for waiting events that were not tried by themselves yet. */
  readonly fingerprint: string
  readonly count: number
  readonly aggregates: number
  /** Events that wait behind them; only of those that wait. */
  readonly behind?: number
  readonly message: string
  readonly firstAt: Moment
  readonly lastAt: Moment
  /** When the next of them is tried; only of those that wait. */
  readonly nextAt?: Moment
  /** One of them; absent where there was none to be had. */
  readonly example?: FailedEvent
}

/** An event that a sink could not take. */
export interface FailedEvent {
  readonly eventId: string
  readonly eventType: string
  readonly aggregateType: string
  readonly aggregateId: string
  readonly attempts: number
  /** The payload's fields, each with the kind of its value instead of the value. */
  readonly shape: unknown
}

/** A dead letter. */
export interface Letter extends FailedEvent {
  readonly sink: string
  readonly message: string
  readonly replays: number
  readonly failedAt: Moment
  readonly waiting: number
}
