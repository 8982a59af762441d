/**
 * What a writer's transaction changes: what the entry is loaded from, so that it invalidates the
 * entry itself, its tag, or both.
 */
export type Target = 'entry' | 'tag' | 'both'

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
  /** How often a VALUE, a LEASE or a TAG may vanish by eviction. */
  readonly evictions?: number
  /**
   * How often a HOLD may vanish by eviction: no promise then from the COMMIT of its writer to its
   * release, and every promise after that.
   */
  readonly holdEvictions?: number
  /** How often Redis may become unreachable for everybody. */
  readonly outages?: number
  /** What Redis may come back with. */
  readonly returns?: readonly ('intact' | 'empty' | 'snapshot')[]
  /**
   * Redis cannot be reached by the first writer, and by everybody else: no promise from its COMMIT
   * until its intent was seen or settled.
   */
  readonly isFirstWriterCutOff?: boolean
  /**
   * Writers hold their keys before their transaction has an id, so that a gate does not see it.
   * They hold them once more when it has one.
   */
  readonly holdsBeforeId?: boolean
  /** Transactions may lose their connection while COMMIT is under way. */
  readonly unknownCommits?: boolean
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
  | 'holds-before-the-id-are-not-issued-again'
  | 'no-gate'
  | 'no-run-id'
  | 'tags-read-after-the-load'
  | 'tag-read-breaks-a-hold'
  | 'tag-nonces-repeat'
  | 'missing-tag-counts-as-unchanged'
  | 'held-tag-counts-as-unchanged'
