import { alternate, type Contest, type Contestant, type Outcome, type Rounds } from './alternate.ts'
import { profileOf } from './profile.ts'
import { say } from './say.ts'

/** How a contest is run and reported. */
export interface ContestOptions {
  /** How many rounds of each contestant are run. */
  readonly rounds?: Rounds
  /** Whether to report which part of the program each contestant's time goes to. */
  readonly isProfiled?: boolean
  /**
   * Rounds of each contestant under the profiler.
   *
   * @defaultValue 15
   */
  readonly profiledRounds?: number
}

const smallestShare = 0.02

/** Runs a contest and reports its outcome on the standard error output. */
export async function runContest(
  name: string,
  contest: Contest,
  { rounds = {}, isProfiled = false, profiledRounds = 15 }: ContestOptions = {},
): Promise<Outcome> {
  const outcome = await alternate(contest, rounds)
  const { oursUs, theirsUs, timesFaster } = outcome
  say(
    `${name}: ${oursUs.toFixed(1)} µs against ${theirsUs.toFixed(1)} µs an operation, ` +
      `${timesFaster.toFixed(2)} times as fast`,
  )
  if (isProfiled) await reportParts(contest, outcome, profiledRounds)
  return outcome
}

async function reportParts(contest: Contest, outcome: Outcome, rounds: number): Promise<void> {
  const ours = await profileOf(() => repeat(contest.ours, rounds))
  const theirs = await profileOf(() => repeat(contest.theirs, rounds))
  for (const part of new Set([...ours.keys(), ...theirs.keys()])) {
    const oursUs = (ours.get(part) ?? 0) * outcome.oursUs
    const theirsUs = (theirs.get(part) ?? 0) * outcome.theirsUs
    if (Math.max(oursUs, theirsUs) > outcome.oursUs * smallestShare)
      say(`  ${part.padEnd(24)}${columnOf(oursUs)}${columnOf(theirsUs)}`)
  }
}

function columnOf(us: number): string {
  return `${us.toFixed(1).padStart(8)} µs`
}

async function repeat(contestant: Contestant, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await (await contestant())()
}
