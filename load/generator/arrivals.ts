import type { Chance } from '../../benchmarks/api/load/zipf.ts'

/** A Poisson process. */
export interface ArrivalOptions {
  /** Arrivals a second, on average. */
  readonly perSecond: number
  /** The time in which they arrive. */
  readonly forMs: number
  readonly chance: Chance
}

/**
 * The moments of a Poisson process, in milliseconds from its start: the gaps are exponential and
 * independent of each other, as between users who know nothing of one another. Equal chances draw
 * equal moments.
 */
export function* arrivals({ perSecond, forMs, chance }: ArrivalOptions): Generator<number, void> {
  const meanGapMs = 1_000 / perSecond
  const gapMs = (): number => -Math.log(1 - chance()) * meanGapMs
  for (let atMs = gapMs(); atMs < forMs; atMs += gapMs()) yield atMs
}
