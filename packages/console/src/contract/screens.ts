import type { History } from './history.ts'
import type { Moment } from './moment.ts'
import type { OutboxSummary } from './outbox-screen.ts'
import type { Section } from './section.ts'

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
