/** Two ways of doing the same, timed by turns. */
export interface Contest {
  /** What is measured. */
  readonly ours: Contestant
  /** What it is measured against. */
  readonly theirs: Contestant
  /** Operations that one call of either does. */
  readonly operations: number
}

/** Prepares a round and gives back what is timed. */
export type Contestant = () => Promise<() => Promise<unknown>> | (() => Promise<unknown>)

/** What came of a contest. */
export interface Outcome {
  /** Median of the rounds, in microseconds per operation. */
  readonly oursUs: number
  /** The same. */
  readonly theirsUs: number
  /**
   * Median of `theirs / ours` over the rounds: above 1 ours is faster. Rounds that lie side by side
   * suffer the same noise.
   */
  readonly timesFaster: number
}

/** How often both are run. */
export interface Rounds {
  /** Timed rounds of each. */
  readonly alternations?: number
  /** Rounds of each before those. */
  readonly warmUps?: number
}

/** Runs both by turns, the first one alternating, after some rounds that are not timed. */
export async function alternate(
  { ours, theirs, operations }: Contest,
  { alternations = 41, warmUps = 60 }: Rounds = {},
): Promise<Outcome> {
  const rounds: { ours: number; theirs: number }[] = []
  for (let round = -warmUps; round < alternations; round += 1) {
    const first = await time(round % 2 === 0 ? ours : theirs)
    const second = await time(round % 2 === 0 ? theirs : ours)
    if (round >= 0)
      rounds.push(
        round % 2 === 0 ? { ours: first, theirs: second } : { ours: second, theirs: first },
      )
  }
  return {
    oursUs: (median(rounds.map((round) => round.ours)) * 1_000) / operations,
    theirsUs: (median(rounds.map((round) => round.theirs)) * 1_000) / operations,
    timesFaster: median(rounds.map((round) => round.theirs / round.ours)),
  }
}

async function time(contestant: Contestant): Promise<number> {
  const run = await contestant()
  const startedAt = performance.now()
  await run()
  return performance.now() - startedAt
}

/** The middle one. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
