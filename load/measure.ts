import { chanceOf } from '../benchmarks/api/load/zipf.ts'
import type { CommandLine } from './command-line.ts'
import { readSchedule } from './faults/schedule.ts'
import { requestsOf } from './flows/flows.ts'
import { findKnee } from './knee/knee.ts'
import { loadDefaults, type LoadOptions } from './load-options.ts'
import type { LoadReport } from './load-report.ts'
import type { Outcome } from './output/outcome.ts'
import { Platform } from './platform/platform.ts'
import { type LoadTarget, runLoad } from './run-load.ts'
import { readSlo } from './slo/slo.ts'

/** Receives a line of progress. */
type Say = (line: string) => void

/** Starts the example and everything it needs, measures what is asked for, and stops it. */
export async function measure(command: CommandLine, say: Say): Promise<Outcome> {
  const slo = await readSlo(command.sloFile)
  // Without faults the example reaches its stores directly.
  const plan = command.isKnee ? [] : await readSchedule(command.faults, command.seconds)
  say('starting the example and its stores')
  const platform = await Platform.open({ isProxied: plan.length > 0 })
  try {
    const { app, hits } = platform
    // Requests and arrivals have chances of their own.
    const chance = chanceOf(command.seed + 1)
    const next = requestsOf({ tokens: app.tokens, hits, chance })
    const target: LoadTarget = { url: app.url, next, player: platform }
    const { timeoutMs } = loadDefaults
    const options = { ...command, slo, timeoutMs }
    if (command.isKnee) return await searchKnee(target, options, say)
    say(`${command.rate} requests/s for ${command.seconds} s, ${plan.length} faults`)
    return { report: await runLoad(target, plan, options) }
  } finally {
    await platform.close()
  }
}

/** Steps the rate up until a goal is broken. */
async function searchKnee(
  target: LoadTarget,
  { stepSeconds, ...options }: LoadOptions & Pick<CommandLine, 'stepSeconds'>,
  say: Say,
): Promise<Outcome> {
  const tryAt = async (rate: number): Promise<LoadReport> => {
    const report = await runLoad(target, [], { ...options, rate, seconds: stepSeconds })
    say(`${rate} requests/s: ${[report.slo, ...report.broken].join('; ')}`)
    return report
  }
  const knee = await findKnee({ from: options.rate, tryAt })
  const report = knee.steps.findLast(({ rate }) => rate === knee.rate) ?? knee.steps.at(-1)
  if (report === undefined) throw new Error('no rate was tried')
  return { report, knee }
}
