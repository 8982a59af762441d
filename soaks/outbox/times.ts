/**
 * The time after which the shards of a dead relay are taken over, in milliseconds: short, so that
 * one soak sees many losses.
 */
export const leaseMs = 2_000
