/** How one call to a store may be limited. */
export interface CallOptions {
  /**
   * Time after which the caller gets `deadline-exceeded`, in milliseconds.
   *
   * @defaultValue the store's own default
   */
  readonly deadlineMs?: number
  /** Ends the call early. */
  readonly signal?: AbortSignal
}
