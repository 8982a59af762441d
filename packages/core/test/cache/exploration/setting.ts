/**
 * What a writer's transaction changes: what the entry is loaded from, so that it invalidates the
 * entry itself, its tag, or both.
 */
export type Target = 'entry' | 'tag' | 'both'

/** What may go wrong, and how often. */
export interface Troubles {
  /** A VALUE, a LEASE or a TAG vanishes by eviction. */
  readonly evictions: number
  /**
   * A HOLD vanishes by eviction: no promise then from the COMMIT of its writer to its release, and
   * every promise after that.
   */
  readonly holdEvictions: number
  /** Redis' clock is set forward, so that everything expires: holds as if evicted. */
  readonly clockSteps: number
  /** Redis becomes unreachable for everybody. */
  readonly outages: number
  /** Redis refuses the hold or the release of one key, as it may a part of a large batch. */
  readonly refusals: number
  /**
   * A synchronous standby of PostgreSQL is promoted. Every connection is lost, and the transaction
   * ids of the transactions that were under way are assigned again.
   */
  readonly promotions: number
}

/** No trouble. */
export const noTrouble: Troubles = {
  evictions: 0,
  holdEvictions: 0,
  clockSteps: 0,
  outages: 0,
  refusals: 0,
  promotions: 0,
}

/** What is explored: who takes part, and what may go wrong. */
export interface Setting {
  /** The writers, each with one transaction, by what they invalidate. */
  readonly writers: readonly Target[]
  /** Number of readers, each in a process of its own unless `sameProcess`. */
  readonly readers: number
  /** Reads that each reader makes. */
  readonly readsPerReader: number
  /** The readers live in one process and share loads. */
  readonly sameProcess?: boolean
  /**
   * The entry has a tag; its key and the tag's live on different servers, so that one look reads
   * them one after the other, in any order.
   */
  readonly tagged?: boolean
  /** Values may be found expired, or be loaded anew in the background while they answer. */
  readonly refreshes?: boolean
  /** Reads that pass the cache by, because the key is held, share loads. */
  readonly passes?: boolean
  readonly troubles?: Partial<Troubles>
  /**
   * What Redis may come back with. `failover`: its replica answers, with any earlier data, and the
   * server that answered before becomes the replica, with the data that it has. The next failover
   * is the failback.
   */
  readonly returns?: readonly ('intact' | 'empty' | 'snapshot' | 'failover')[]
  /**
   * Redis cannot be reached by the first writer, and by everybody else: no promise from its COMMIT
   * until its intent was seen or settled.
   */
  readonly isFirstWriterCutOff?: boolean
  /** How often intents may be settled all at once, by a flush that makes misses of all entries. */
  readonly flushes?: number
  /** Transactions get their id in a step of their own, before which a gate does not see them. */
  readonly idComesLate?: boolean
  /** Transactions may lose their connection while COMMIT is under way. */
  readonly unknownCommits?: boolean
  /** The connections of transactions may be closed from outside before COMMIT is sent. */
  readonly closedConnections?: boolean
}

/** Ways to build the protocol wrongly; the control of the exploration. */
export type Flaw =
  | 'delete-after-commit'
  | 'lease-without-hold'
  | 'hold-without-owner'
  | 'release-deletes-any-hold'
  | 'release-spares-what-is-not-its-hold'
  | 'fill-without-lease'
  | 'refresh-without-compare'
  | 'followers-join-after-fill-was-sent'
  | 'followers-trust-a-rejected-fill'
  | 'followers-trust-another-server'
  | 'followers-do-not-read-tags-again'
  | 'bypass-joins-a-running-load'
  | 'release-while-commit-is-unknown'
  | 'gate-looks-at-committed-events-only'
  | 'gate-forgets-the-second-outage'
  | 'gate-ignores-transactions-under-way'
  | 'intent-settled-before-its-transaction-ended'
  | 'intent-removed-before-its-keys'
  | 'marker-read-before-the-intents'
  | 'marker-replaced-after-the-intents-are-removed'
  | 'evicted-marker-counts-as-the-first'
  | 'flush-settles-what-ends-after-its-marker'
  | 'flush-of-an-open-transaction'
  | 'holds-before-the-id'
  | 'no-gate'
  | 'no-run-id'
  | 'run-id-without-its-term'
  | 'refused-part-counts-as-held'
  | 'failed-release-leaves-no-intent'
  | 'promoted-standby-is-believed'
  | 'tags-read-after-the-load'
  | 'tag-read-breaks-a-hold'
  | 'tag-nonces-repeat'
  | 'missing-tag-counts-as-unchanged'
  | 'held-tag-counts-as-unchanged'

/** What is explored: a setting by its name, and the flaws that must be found there. */
export type Explored = Readonly<
  Record<string, { readonly setting: Setting; readonly flaws: readonly Flaw[] }>
>
