// What the outbox is worth: deliveries against job queues and SKIP LOCKED by hand, what publishing
// costs, how soon a commit arrives.
import { parseArgs } from 'node:util'
import { startPostgresServer, startRedisServer } from '@headwater/testing'
import { alternate, type Contest, type Outcome } from '../measure/alternate.ts'
import { profileOf } from '../measure/profile.ts'
import { type ContestName, contests, type Grounds, openGrounds } from './contests.ts'
import { measureLatency } from './latency.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const backlogRounds = { alternations: 5, warmUps: 1 }
const quickRounds = { alternations: 11, warmUps: 4 }
const figures: Record<string, number> = {}
// Durable, as in production: what a commit costs is half of what is measured here.
const settings = { fsync: 'on', full_page_writes: 'on', wal_level: 'replica' }
const [postgres, redis] = await Promise.all([
  startPostgresServer({ settings }),
  startRedisServer({ onProgress: say }),
])
try {
  const grounds = await openGrounds(postgres.url, redis.url)
  const only = values.only?.split(',') ?? Object.keys(measurements())
  try {
    for (const [name, measure] of Object.entries(measurements()))
      if (only.includes(name)) Object.assign(figures, await measure(grounds))
  } finally {
    await grounds.close()
  }
} finally {
  await Promise.all([postgres.stop(), redis.stop()])
}
const rounded = Object.fromEntries(
  Object.entries(figures).map(([name, figure]) => [name, Math.round(figure * 100) / 100]),
)
console.log(values.json ? JSON.stringify(rounded) : rounded)

/** What can be measured by itself, with the figures that come of it. */
function measurements(): Record<string, (grounds: Grounds) => Promise<Record<string, number>>> {
  return {
    vsSkipLocked: async (grounds) => {
      const { timesFaster, oursUs } = await hold('vsSkipLocked', grounds)
      return { vsSkipLocked: timesFaster, deliveriesPerSecond: 1e6 / oursUs }
    },
    vsGraphileWorker: async (grounds) => ({
      vsGraphileWorker: (await hold('vsGraphileWorker', grounds)).timesFaster,
    }),
    vsPgBoss: async (grounds) => ({ vsPgBoss: (await hold('vsPgBoss', grounds)).timesFaster }),
    heldXminLoss: async (grounds) => ({
      heldXminLoss: 1 - (await hold('heldXminLoss', grounds)).timesFaster,
    }),
    publishManyVsOne: async (grounds) => ({
      publishManyVsOne: (await hold('publishManyVsOne', grounds)).timesFaster,
    }),
    transactionOverhead: async (grounds) => ({
      transactionOverhead: 1 / (await hold('transactionOverhead', grounds)).timesFaster,
    }),
    commitToSinkMsP50,
  }
}

/** Tells how long the statements take that lie between a commit and the sink. */
async function commitToSinkMsP50({ stores }: Grounds): Promise<Record<string, number>> {
  const { commitToSinkMs, statementsMs } = await measureLatency(stores)
  say(`commitToSinkMsP50: ${commitToSinkMs.toFixed(2)} ms`)
  if (!values.json)
    for (const [operation, ms] of statementsMs)
      say(`  ${operation.padEnd(24)}${ms.toFixed(2).padStart(8)} ms`)
  return { commitToSinkMsP50: commitToSinkMs }
}

/**
 * Holds a contest and tells, part by part, where the time goes that ours takes and where that of
 * the other goes.
 */
async function hold(name: ContestName, grounds: Grounds): Promise<Outcome> {
  const isBacklog = !['publishManyVsOne', 'transactionOverhead'].includes(name)
  const { close, ...contest } = await contests[name](grounds)
  const outcome = await alternate(contest, isBacklog ? backlogRounds : quickRounds)
  say(
    `${name}: ${outcome.oursUs.toFixed(1)} µs against ${outcome.theirsUs.toFixed(1)} µs each, ${outcome.timesFaster.toFixed(2)} times as fast`,
  )
  if (!values.json) await tellParts(contest, outcome)
  await close?.()
  return outcome
}

async function tellParts(contest: Contest, { oursUs, theirsUs }: Outcome): Promise<void> {
  const ours = await profileOf(await contest.ours())
  const theirs = await profileOf(await contest.theirs())
  for (const part of new Set([...ours.keys(), ...theirs.keys()])) {
    const [one, other] = [(ours.get(part) ?? 0) * oursUs, (theirs.get(part) ?? 0) * theirsUs]
    if (Math.max(one, other) > oursUs / 50)
      say(`  ${part.padEnd(24)}${one.toFixed(1).padStart(8)} µs${other.toFixed(1).padStart(8)} µs`)
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
