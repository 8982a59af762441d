/** When a commit is acknowledged: once the standby has it as well, or before that. */
export type Mode = 'synchronous' | 'asynchronous'

/** The end of an epoch: its primary was killed, and its standby promoted. In nanoseconds. */
export interface Promotion {
  /** How the epoch that ended was replicated. */
  readonly mode: Mode
  /** Whether the standby received nothing in the last moments of the epoch. */
  readonly isHeld: boolean
  readonly killedAt: number
  /** When processes could reach the new primary; the operator was done by then. */
  readonly openedAt: number
  /** Whether the SDK said that this server lost what another one had acknowledged. */
  readonly isSaid: boolean
}

/**
 * The versions of an epoch begin at this multiple of its number. A promoted standby would assign
 * the numbers of a lost future again.
 */
export const versionsPerEpoch = 1e9

/** The number of the epoch in which a version was written. */
export function epochOf(version: number): number {
  return Math.floor(version / versionsPerEpoch)
}
