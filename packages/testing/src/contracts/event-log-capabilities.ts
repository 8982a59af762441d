/** Features that some servers of MongoDB's protocol lack and that the event log can do without. */
export interface EventLogCapabilities {
  /**
   * Duplicate-key errors carry `keyPattern` and `keyValue`.
   *
   * @defaultValue true
   */
  readonly duplicateKeyDetails?: boolean
  /**
   * `explain` names scans as mongod does, and an index is taken wherever one serves.
   *
   * @defaultValue true
   */
  readonly explainsScans?: boolean
}

/** The defaults of {@link EventLogCapabilities}. */
export const eventLogCapabilitiesDefaults = {
  duplicateKeyDetails: true,
  explainsScans: true,
} as const
