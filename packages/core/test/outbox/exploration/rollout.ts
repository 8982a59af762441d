/** The release of a relay: the recent one wants types of events that the old one does not know. */
export type Release = 'old' | 'recent'

/**
 * A model of one sink with one shard, and of the relays of two releases. Statements are single
 * steps: the lock on the sink's row puts registrations, pulses and claims one after the other.
 */
export interface Rollout {
  /** The release whose definition of the sink is registered. */
  readonly registered: Release | undefined
  /** Releases whose definitions were replaced. */
  readonly superseded: readonly Release[]
  /** The relay that owns the shard, by the table; -1 for none. */
  readonly owner: number
  readonly relays: readonly Relay[]
  /** Relays that may still end without a word. */
  readonly crashes: number
}

/** One relay. */
export interface Relay {
  readonly release: Release
  readonly isUp: boolean
  /** Starts that are left. */
  readonly starts: number
  /** Whether it knows that another definition is registered. */
  readonly isWaiting: boolean
  /** Whether it has started or pulsed under the definition that is registered. */
  readonly hasJoined: boolean
  /** Whether the table says that it is, or was less than a minute ago, alive. */
  readonly isSeen: boolean
  /** Whether it ended without a word less than a minute ago. */
  readonly isMissed: boolean
  /** What it takes its ownership of the shard for; `stale` once the fence was incremented. */
  readonly ownership: 'none' | 'current' | 'stale'
  /** A statement under way, with what its snapshot said; for flaws alone. */
  readonly statement: Statement | undefined
}

/** A statement that has read which definition is registered, and has not been carried out. */
export interface Statement {
  readonly name: 'pulse' | 'claim'
  readonly isRegistered: boolean
}

/** A way to build the protocol wrongly. */
export type Flaw =
  | 'a-restart-takes-over'
  | 'a-registration-names-no-relay'
  | 'a-registration-keeps-the-fence'
  | 'a-pulse-takes-no-lock'
  | 'a-claim-takes-no-lock'

/** A relay that has not started. */
export function relay(release: Release, starts: number): Relay {
  return {
    release,
    isUp: false,
    starts,
    isWaiting: false,
    hasJoined: false,
    isSeen: false,
    isMissed: false,
    ownership: 'none',
    statement: undefined,
  }
}

/** A sink that nobody has registered yet. */
export function beforeRollout(relays: readonly Relay[], crashes: number): Rollout {
  return { registered: undefined, superseded: [], owner: -1, relays, crashes }
}
