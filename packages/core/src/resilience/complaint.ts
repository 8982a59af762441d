/** The meaning of a client's rejection. */
export interface Complaint {
  /**
   * `store-unavailable`: the store could not be reached or is overloaded; counts against it.
   * `store-refused`: it answered and refused.
   */
  readonly type: 'store-unavailable' | 'store-refused'
  /** Why, for the failure's message: no credentials, no documents. */
  readonly reason: string
  /** The store's own code. */
  readonly code?: string | undefined
  /** Time that the store asks to be left alone, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  /**
   * The cause that the failure carries, of which the same holds.
   *
   * @defaultValue the rejection with `reason` for its words, which may quote what was sent
   */
  readonly cause?: unknown
}

/** The rejection of one attempt, with its meaning. */
export class AttemptFailed extends Error {
  /** What the rejection means. */
  readonly complaint: Complaint

  constructor(complaint: Complaint) {
    super(complaint.reason, { cause: complaint.cause })
    this.name = 'AttemptFailed'
    this.complaint = complaint
  }
}

/** The caller went away: says nothing about the store. */
export class GivenUp extends Error {}

/** Whether an attempt's rejection speaks against the store. */
export function countsAgainstStore(error: unknown): boolean {
  return error instanceof AttemptFailed && error.complaint.type === 'store-unavailable'
}
