/** Two ways of doing the same work, timed in turns. */
export interface Contest {
  readonly ours: Contestant
  readonly theirs: Contestant
  /** Operations in one round of either contestant. */
  readonly operations: number
}

/** Prepares a round and returns the part of it that is timed. */
export type Contestant = () => Promise<() => Promise<unknown>> | (() => Promise<unknown>)

/** The times of a contest. */
export interface Outcome {
  /** Median over our rounds, in microseconds per operation. */
  readonly oursUs: number
  /** Median over their rounds, in microseconds per operation. */
  readonly theirsUs: number
  /**
   * Median of `theirs / ours` over the rounds: above 1, ours is faster. Each ratio compares two
   * neighbouring rounds, which suffer the same noise.
   */
  readonly timesFaster: number
}

/** How many rounds each contestant runs. */
export interface Rounds {
  /**
   * Timed rounds.
   *
   * @defaultValue 41
   */
  readonly alternations?: number
  /**
   * Rounds before the timed ones.
   *
   * @defaultValue 60
   */
  readonly warmUps?: number
}

/** Runs both contestants in turns, beginning with each of them equally often. */
export async function alternate(
  { ours, theirs, operations }: Contest,
  { alternations = 41, warmUps = 60 }: Rounds = {},
): Promise<Outcome> {
  const rounds: { ours: number; theirs: number }[] = []
  for (let round = -warmUps; round < alternations; round += 1) {
    const timed = await timeBoth({ ours, theirs }, { isOursFirst: round % 2 === 0 })
    if (round >= 0) rounds.push(timed)
  }
  return {
    oursUs: (median(rounds.map((round) => round.ours)) * 1_000) / operations,
    theirsUs: (median(rounds.map((round) => round.theirs)) * 1_000) / operations,
    timesFaster: median(rounds.map((round) => round.theirs / round.ours)),
  }
}

async function timeBoth(
  { ours, theirs }: Pick<Contest, 'ours' | 'theirs'>,
  { isOursFirst }: { readonly isOursFirst: boolean },
): Promise<{ ours: number; theirs: number }> {
  if (isOursFirst) {
    const oursMs = await time(ours)
    return { ours: oursMs, theirs: await time(theirs) }
  }
  const theirsMs = await time(theirs)
  return { ours: await time(ours), theirs: theirsMs }
}

async function time(contestant: Contestant): Promise<number> {
  const run = await contestant()
  const startedAt = performance.now()
  await run()
  return performance.now() - startedAt
}

/** The middle number, or the mean of the two middle ones; 0 for none. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
