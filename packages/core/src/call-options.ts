/** How a caller gives up an operation that it has begun. */
export interface Abortable {
  /**
   * Ends the operation for its caller: the result is `deadline-exceeded`, at once. What other
   * callers wait for goes on, a transaction is rolled back unless its COMMIT was sent, and what a
   * store was asked to do by itself may still be carried out. For instance the signal of a request.
   */
  readonly signal?: AbortSignal | undefined
}

/** How one call to a store may be limited. */
export interface CallOptions extends Abortable {
  /**
   * Time after which the caller gets `deadline-exceeded`, in milliseconds.
   *
   * @defaultValue the store's own default
   */
  readonly deadlineMs?: number
}
