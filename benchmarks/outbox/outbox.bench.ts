// The worth of the outbox: deliveries against job queues and SKIP LOCKED by hand, the cost of
// publishing, and the time from a commit to its sink.
import { bench, type Figures } from '../measure/bench.ts'
import { runContest } from '../measure/contest.ts'
import { say } from '../measure/say.ts'
import type { Outcome } from '../measure/alternate.ts'
import { type ContestName, contests } from './contests.ts'
import { percentile } from '../measure/percentile.ts'
import { measureLatency } from './latency.ts'
import { openOutboxFixture, type OutboxFixture } from './outbox-fixture.ts'

const backlogRounds = { alternations: 5, warmUps: 1 }
const quickRounds = { alternations: 11, warmUps: 4 }
// Durable, as in production: half of the measured time is the cost of commits.
const settings = { fsync: 'on', full_page_writes: 'on', wal_level: 'replica' }

interface Measured {
  readonly fixture: OutboxFixture
  readonly isJson: boolean
}

const measurements: Readonly<Record<string, (measured: Measured) => Promise<Figures>>> = {
  vsSkipLocked: async (measured) => {
    const { timesFaster, oursUs } = await contest('vsSkipLocked', measured)
    return { vsSkipLocked: timesFaster, deliveriesPerSecond: 1e6 / oursUs }
  },
  vsGraphileWorker: async (measured) => ({
    vsGraphileWorker: (await contest('vsGraphileWorker', measured)).timesFaster,
  }),
  vsPgBoss: async (measured) => ({ vsPgBoss: (await contest('vsPgBoss', measured)).timesFaster }),
  heldXminLoss: async (measured) => ({
    heldXminLoss: 1 - (await contest('heldXminLoss', measured)).timesFaster,
  }),
  publishManyVsOne: async (measured) => ({
    publishManyVsOne: (await contest('publishManyVsOne', measured)).timesFaster,
  }),
  transactionOverhead: async (measured) => ({
    transactionOverhead: 1 / (await contest('transactionOverhead', measured)).timesFaster,
  }),
  twoRelaysVsOne: async (measured) => ({
    twoRelaysVsOne: (await contest('twoRelaysVsOne', measured)).timesFaster,
  }),
  commitToSinkMsP50: commitToSink,
}

await bench(
  async ({ isJson, values, ...servers }) => {
    const fixture = await openOutboxFixture(servers)
    const only = values.only === '' ? Object.keys(measurements) : values.only.split(',')
    try {
      const figures: Record<string, Figures[string]> = {}
      for (const [name, measure] of Object.entries(measurements))
        if (only.includes(name)) Object.assign(figures, await measure({ fixture, isJson }))
      return figures
    } finally {
      await fixture.close()
    }
  },
  { postgres: { settings }, options: { only: '' } },
)

async function commitToSink({ fixture, isJson }: Measured): Promise<Figures> {
  const here = await measureLatency(fixture, { from: 'this process' })
  const elsewhere = await measureLatency(fixture, { from: 'another process' })
  if (!isJson)
    for (const [operation, ms] of here.statementsMs)
      say(`  ${operation.padEnd(24)}${ms.toFixed(2).padStart(8)} ms`)
  const figures = {
    commitToSinkMsP50: percentile(here.timesMs, 0.5),
    commitToSinkMsP50Elsewhere: percentile(elsewhere.timesMs, 0.5),
    commitToSinkMsP99Elsewhere: percentile(elsewhere.timesMs, 0.99),
  }
  for (const [name, ms] of Object.entries(figures)) say(`${name}: ${ms.toFixed(2)} ms`)
  return figures
}

async function contest(name: ContestName, { fixture, isJson }: Measured): Promise<Outcome> {
  const isQuick = name === 'publishManyVsOne' || name === 'transactionOverhead'
  const { close, ...opened } = await contests[name](fixture)
  try {
    return await runContest(name, opened, {
      rounds: isQuick ? quickRounds : backlogRounds,
      isProfiled: !isJson,
      profiledRounds: 1,
    })
  } finally {
    await close?.()
  }
}
