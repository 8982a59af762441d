/** Listeners to a link's changes. */
export interface RedisLinkListeners {
  /** A connection is up and its server known. */
  readonly onUp: () => void
  /** A connection was lost, or another server answers. */
  readonly onDown: () => void
  /** The client reported an error. */
  readonly onError: (error: unknown) => void
}

/**
 * What can be waited for: a connection that is up, at most until the server refuses the credentials
 * or until the first attempt has ended.
 */
export type LinkMoment = 'up' | 'up-or-denied' | 'first-attempt'
