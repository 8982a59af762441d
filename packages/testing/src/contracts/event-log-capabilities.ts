/** Features that some servers of MongoDB's protocol lack and that the event log can do without. */
export interface EventLogCapabilities {
  /**
   * Duplicate-key errors carry `keyPattern` and `keyValue`.
   *
   * @defaultValue true
   */
  readonly duplicateKeyDetails?: boolean
}

/** The defaults of {@link EventLogCapabilities}. */
export const eventLogCapabilitiesDefaults = { duplicateKeyDetails: true } as const
