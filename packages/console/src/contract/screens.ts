import type { History } from './history.ts'
import type { Section } from './section.ts'

/** Moments are milliseconds since the epoch. */
type Moment = number

/** The screens that a console has. */
export type ScreenName =
  'overview' | 'caches' | 'outbox' | 'search' | 'activity' | 'sessions' | 'members' | 'audit'

/** Whom the page is shown to. */
export interface Viewer {
  readonly name: string
  readonly access: 'read' | 'operate'
  readonly screens: readonly ScreenName[]
}

/**
 * One store. `down`: it does not answer. `degraded`: it answers, but something that depends on it
 * is bypassed.
 */
export interface StoreState {
  readonly name: string
  readonly status: 'up' | 'degraded' | 'down'
  readonly isRequired: boolean
  readonly latencyMs?: number
  readonly error?: string
}

/** Screen `overview`. */
export interface OverviewScreen {
  readonly findings: Findings
  readonly stores: Section<readonly StoreState[]>
  readonly outbox: Section<OutboxSummary>
  readonly history: History
}

/** What somebody should look at. */
export interface Findings {
  readonly found: readonly Finding[]
  /** What could not be looked at, each with the reason. */
  readonly unknown: readonly string[]
}

/** Something that is wrong, or soon will be. */
export interface Finding {
  readonly severity: 'critical' | 'warning'
  readonly text: string
  /** For how long, in milliseconds. */
  readonly forMs?: number
  /** Where to see more. */
  readonly screen: ScreenName
  /** Name of its page in `docs/runbooks`. */
  readonly runbook: string
}

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
  readonly groups: Section<readonly LetterGroup[]>
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
  /** The newest of them; absent where it is gone by now. */
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

/** What a cache did since this process began. */
export interface CacheState {
  readonly cache: string
  readonly hits: number
  readonly nearHits: number
  readonly misses: number
  readonly fills: number
  readonly refusedFills: number
  readonly staleServed: number
  readonly bypasses: Readonly<Record<string, number>>
}

/** Screen `caches`. */
export interface CachesScreen {
  readonly caches: readonly CacheState[]
  readonly history: History
}

/** A key of a cache, as it is stored. */
export interface KeyState {
  readonly state: 'absent' | 'value' | 'lease' | 'hold' | 'tag' | 'foreign'
  /** Time until Redis removes it, in milliseconds; absent where there is nothing, or no limit. */
  readonly leftMs?: number
  readonly holders: readonly { readonly owner: string; readonly until: Moment }[]
  /** The entry without its value; absent in every other state. */
  readonly entry?: {
    readonly isTrusted: boolean
    readonly isRow: boolean
    readonly refreshAt: Moment
    readonly expiresAt: Moment
    readonly tags: number
    readonly length: number
  }
}

/** Screen `sessions`. */
export interface SessionsScreen {
  readonly hasSessions: boolean
  readonly limiters: readonly string[]
}

/** A session of a user. */
export interface SessionState {
  readonly id: string
  readonly createdAt: Moment
  readonly expiresAt: Moment
}

/** The state of one subject of a limiter. */
export interface LimitState {
  readonly limiter: string
  readonly isLimited: boolean
  readonly limit: number
  readonly remaining: number
  readonly retryAfterMs: number
  readonly isDegraded: boolean
}

/** Screen `members`. */
export interface MembersScreen {
  readonly process: {
    readonly node: string
    readonly pid: number
    readonly host: string
    readonly upMs: number
  }
  readonly near: Section<readonly { readonly cache: string; readonly members: number }[]>
  readonly relays: Section<
    readonly {
      readonly owner: string
      readonly sinks: readonly string[]
      readonly shards: number
      readonly isAlive: boolean
    }[]
  >
  readonly versions: readonly { readonly name: string; readonly version: Section<string> }[]
}

/** Screen `search`. */
export interface SearchScreen {
  readonly generations: Section<
    readonly {
      readonly name: string
      readonly model: string
      readonly dimensions: number
      readonly state: string
    }[]
  >
  readonly summary: Section<{
    readonly pending: number
    readonly synced: number
    readonly failed: number
    readonly failures: readonly { readonly courseId: number; readonly reason?: string }[]
  }>
  readonly history: History
}

/** A search that an operator tried. */
export interface TriedSearch {
  readonly mode: string
  readonly durationMs: number
  readonly isCached: boolean
  /** Legs that failed, with the reason. */
  readonly degraded: readonly { readonly leg: string; readonly reason: string }[]
  readonly hits: readonly {
    readonly rank: number
    readonly courseId: number
    readonly title: string
    readonly score: number
    /** Its rank and score in each leg that found it. */
    readonly legs: Readonly<Record<string, { readonly rank: number; readonly score: number }>>
  }[]
}

/** The differences between PostgreSQL and the index. */
export interface IndexDrift {
  readonly courses: number
  readonly records: number
  readonly missing: number
  readonly orphaned: number
  readonly stale: number
  readonly wrongGeneration: number
  readonly isComplete: boolean
  readonly differences: readonly {
    readonly kind: string
    readonly recordId: string
  }[]
}

/** Screen `activity`. */
export interface ActivityScreen {
  /** Events per day, by type. */
  readonly events: Section<{
    readonly days: readonly Moment[]
    readonly byType: Readonly<Record<string, readonly number[]>>
  }>
  readonly topQueries: Section<readonly QueryFigure[]>
  readonly withoutResults: Section<readonly QueryFigure[]>
  /** All courses together. */
  readonly funnel: Section<{
    readonly viewed: number
    readonly enrolled: number
    readonly completed: number
  }>
  /** Activity that waits in PostgreSQL for MongoDB. */
  readonly spilled: Section<number>
  readonly history: History
}

/** How often something was searched for. */
export interface QueryFigure {
  readonly query: string
  readonly searches: number
}

/** An entry of the audit. */
export interface AuditEntry {
  readonly id: string
  readonly at: Moment
  readonly operator: string
  readonly action: string
  readonly subject: unknown
  readonly outcome: string | null
}
