import type { History } from './history.ts'
import type { Moment } from './moment.ts'
import type { Section } from './section.ts'

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
  readonly floors: Section<readonly MeasuredFloor[]>
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
  /** Courses that a leg found and that are not shown, at most 50, each with the reason. */
  readonly dropped: readonly {
    readonly courseId: number
    readonly reason: string
    readonly similarity?: number
    readonly wordShare: number
  }[]
  readonly droppedCount: number
  /** The similarity below which texts may mean nothing to each other; absent without that leg. */
  readonly floor?: number
  /** Where the time went, in milliseconds. */
  readonly timings: Readonly<Record<string, number>>
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
  readonly differences: readonly DriftedRecord[]
}

/** A record that differs from its course. */
export interface DriftedRecord {
  readonly kind: string
  readonly recordId: string
  /** What differs, with long values cut; absent where the record or the course is not there. */
  readonly fields?: readonly {
    readonly field: string
    readonly indexed: string
    readonly wanted: string
  }[]
}

/** What a repair would do. */
export interface RepairPlan {
  readonly writes: number
  readonly removals: number
  /** Whether these are all differences. */
  readonly isComplete: boolean
  readonly differences: readonly DriftedRecord[]
}

/** The state of one course in the index. */
export interface CourseState {
  readonly courseId: number
  readonly state: 'pending' | 'synced' | 'failed'
  readonly version: number
  readonly indexedVersion?: number
  readonly changedAt?: Moment
  readonly reason?: string
}

/** What tells related courses from unrelated ones. */
export interface MeasuredFloor {
  readonly generation: string
  /** The highest similarity of a text without meaning; what is more similar is related. */
  readonly floor: number
  readonly typical: number
  readonly courses: number
  readonly measuredAt: Moment
}
