/**
 * The lease of a relay on its shards, in milliseconds: short, so that one soak sees many takeovers.
 */
export const leaseMs = 2_000
