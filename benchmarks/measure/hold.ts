import { alternate, type Contest } from './alternate.ts'
import { profileOf } from './profile.ts'

/** How a contest is held and told. */
export interface Telling {
  /** How many operations are under way at once. */
  readonly concurrency: number
  /** Whether to tell, part by part, where the time goes. */
  readonly isProfiled: boolean
}

const rounds = { alternations: 31, warmUps: 30 }
const profiledRounds = 15
const smallestShare = 0.03

/**
 * Holds a contest, tells of it on the standard error output, and gives back how many times as fast
 * ours is.
 */
export async function hold(
  name: string,
  contest: Contest,
  { concurrency, isProfiled }: Telling,
): Promise<number> {
  const outcome = await alternate(contest, rounds)
  say(
    `${name}, ${concurrency} at once, ${rounds.alternations} alternations: ${outcome.oursUs.toFixed(1)} µs against ${outcome.theirsUs.toFixed(1)} µs an operation`,
  )
  if (isProfiled) {
    await tell('ours', contest.ours, outcome.oursUs)
    await tell('theirs', contest.theirs, outcome.theirsUs)
  }
  return Math.round(outcome.timesFaster * 100) / 100
}

async function tell(who: string, contestant: Contest['ours'], us: number): Promise<void> {
  const parts = await profileOf(async () => {
    for (let round = 0; round < profiledRounds; round += 1) await (await contestant())()
  })
  for (const [part, share] of parts)
    if (share > smallestShare)
      say(`  ${who.padEnd(8)}${part.padEnd(24)}${(share * us).toFixed(1).padStart(8)} µs`)
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
