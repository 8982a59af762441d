/**
 * A restore of PostgreSQL from a backup. What other stores hold of the time between the two moments
 * belongs to a future that is lost.
 */
export interface RestorePoint {
  /** The moment that PostgreSQL was restored to. */
  readonly restoredTo: Date
  /** When it was opened for writes again: what is younger belongs to the restored truth. */
  readonly openedAt: Date
}
