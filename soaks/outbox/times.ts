/**
 * Time after which the shards of a relay that is gone are taken over, in milliseconds: short enough
 * for many losses in one soak.
 */
export const leaseMs = 2_000
