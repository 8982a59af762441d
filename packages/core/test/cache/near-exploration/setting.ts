/**
 * What a writer's transaction changes: what the entry is loaded from, so that it invalidates the
 * entry or its tag, or another entry of the same cache.
 */
export type Target = 'entry' | 'tag' | 'other'

/** What may go wrong, and how often. */
export interface Troubles {
  /** Redis ends the connection on which a member renews and receives invalidations. */
  readonly cuts: number
  /** The hash of the members vanishes by eviction. */
  readonly hashEvictions: number
  /** The entry vanishes by eviction, whatever it is. */
  readonly evictions: number
  /** Everything in Redis is deleted, and its connections stay. */
  readonly flushes: number
  /** Redis restarts empty. */
  readonly restarts: number
  /** The replica of Redis is promoted; the server that answered before is its replica then. */
  readonly promotions: number
  /** Redis' clock is set forward, by less than a hold lasts. */
  readonly clockSteps: number
}

/** No trouble. */
export const noTrouble: Troubles = {
  cuts: 0,
  hashEvictions: 0,
  evictions: 0,
  flushes: 0,
  restarts: 0,
  promotions: 0,
  clockSteps: 0,
}

/** What is explored: who takes part, and what may go wrong. */
export interface Setting {
  /** The writers, each with one transaction, by what they invalidate. */
  readonly writers: readonly Target[]
  /** Processes with a near tier. */
  readonly processes: number
  /** The first process has joined, which its replica does not know yet. */
  readonly startsJoined?: boolean
  /** How often the processes may join, all together. */
  readonly joins: number
  /** Ticks for which a member may serve after it has asked for a renewal. */
  readonly memberTicks: number
  /** Ticks after which a transaction is cut off, and its hold ends; without it neither happens. */
  readonly holdTicks?: number
  /** Writers may renew their hold before COMMIT, and learn whether it was unbroken. */
  readonly renewsHolds?: boolean
  /** Transactions may be rolled back. */
  readonly rollsBack?: boolean
  /** Nobody has made the members' hash yet; without it there is a settled one. */
  readonly isYoung?: boolean
  /** The entry has a tag, whose key lives on another server of a cluster. */
  readonly tagged?: boolean
  readonly troubles?: Partial<Troubles>
  /**
   * A demoted server takes over the data of its master while processes still read from it. What
   * makes up for it: a value is served near only once a renewal that was asked for after its
   * arrival was accepted; or its read asks the same connection afterwards whose answer it was.
   */
  readonly resyncs?: 'values are confirmed' | 'reads are checked'
}

/** Ways to build the near tier wrongly; the control of the exploration. */
export type Flaw =
  | 'no-wait'
  | 'gives-up-on-acknowledgements'
  | 'clock-read-only-when-renewing'
  | 'right-counted-from-the-reply'
  | 'listed-before-the-hold'
  | 'lost-script-is-waited-out'
  | 'no-guard'
  | 'guard-from-the-fill'
  | 'guard-without-the-epoch'
  | 'no-check-of-the-history'
  | 'renewal-over-another-connection'
  | 'renewal-elsewhere-that-revives'
  | 'removal-that-hides-a-member'
  | 'removal-before-the-wait'
  | 'wait-in-server-time'
  | 'settled-whatever-the-birth'
  | 'no-birth'
  | 'birth-without-the-history'
  | 'hold-ends-before-the-cut-off'
  | 'broken-hold-is-only-renewed'
  | 'broken-release-is-not-published'
  | 'acknowledged-before-the-drop'
  | 'tag-dropped-by-key-only'
  | 'value-of-a-demoted-server'

/** What is explored: a setting by its name, and the flaws that must be found there. */
export type Explored = Readonly<
  Record<string, { readonly setting: Setting; readonly flaws: readonly Flaw[] }>
>
