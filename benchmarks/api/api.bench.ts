// The Express example against the same API by hand on Express and bare clients, or watched against
// itself unwatched, end to end: each in a process of its own, with the load from a third.
// Throughput is that of a closed loop; latency and CPU time are those of an open loop, at a rate
// that both sides can serve.
import path from 'node:path'
import { median } from '../measure/alternate.ts'
import { bench } from '../measure/bench.ts'
import { say } from '../measure/say.ts'
import { openApiFixture, type ApiFixture, type RoundReport, type SideName } from './api-fixture.ts'

/** How much of the load that the slower side can bear is asked of both. */
const loadShare = 0.6

/** A round of both sides, one after the other. */
type Pair = Readonly<Record<SideName, RoundReport>>

interface Plan {
  readonly connections: number
  readonly rounds: number
  readonly forMs: number
}

await bench(
  async ({ postgres, redis, values, flags }) => {
    const writes = Number(values.writes)
    const only = values.only === '' ? [] : values.only.split(',')
    const requests = { writes, only }
    const fixture = await openApiFixture({
      postgres,
      redis,
      isNear: flags.near,
      isWatched: flags.watched,
      requests,
    })
    const plan = { rounds: Number(values.rounds), forMs: Number(values.seconds) * 1_000 }
    try {
      const connections64 = await contest(fixture, { connections: 64, ...plan })
      const connections400 = await contest(fixture, { connections: 400, ...plan })
      if (values.profiles !== '') await profiles(fixture, values.profiles, plan)
      return {
        bench: 'api',
        near: flags.near ? 'yes' : 'no',
        ...(flags.watched && { against: 'unwatched' }),
        writes,
        connections64,
        connections400,
      }
    } finally {
      await fixture.close()
    }
  },
  {
    options: { rounds: '9', seconds: '4', writes: '10', only: '', profiles: '' },
    flags: ['near', 'watched'],
  },
)

/** All figures at a number of connections. */
async function contest(fixture: ApiFixture, plan: Plan) {
  const closed = await pairs(fixture, plan)
  const perSecond = Math.floor(
    loadShare * Math.min(...sidesOf(closed, ({ answered, tookMs }) => answered / tookMs)) * 1_000,
  )
  say(`${plan.connections} connections: an open loop of ${perSecond} requests a second`)
  const open = await pairs(fixture, { ...plan, perSecond })
  const refusedBy = (side: SideName): number =>
    [...closed, ...open].reduce((sum, pair) => sum + pair[side].refused, 0)
  return {
    throughput: 1 / ratio(closed, ({ answered, tookMs }) => answered / tookMs),
    p50: ratio(open, ({ p50Ms }) => p50Ms),
    p99: ratio(open, ({ p99Ms }) => p99Ms),
    cpuPerRequest: ratio(open, ({ cpuMs, answered }) => cpuMs / answered),
    refused: { ours: refusedBy('ours'), theirs: refusedBy('theirs') },
  }
}

/** Alternates the sides, beginning with each of them equally often; the first pair warms up. */
async function pairs(
  { round }: ApiFixture,
  { rounds, ...load }: Plan & { readonly perSecond?: number },
): Promise<readonly Pair[]> {
  const timed: Pair[] = []
  for (let turn = -1; turn < rounds; turn += 1) {
    const order: readonly SideName[] = turn % 2 === 0 ? ['ours', 'theirs'] : ['theirs', 'ours']
    const pair: Partial<Record<SideName, RoundReport>> = {}
    for (const side of order) pair[side] = await round({ side, ...load })
    if (turn >= 0) timed.push(pair as Pair)
  }
  tell(timed, load)
  return timed
}

/** The median over the pairs of theirs / ours, whose rounds suffer the same noise. */
function ratio(timed: readonly Pair[], figure: (report: RoundReport) => number): number {
  return median(timed.map(({ ours, theirs }) => figure(theirs) / figure(ours)))
}

/** The medians of both sides: ours, theirs. */
function sidesOf(timed: readonly Pair[], figure: (report: RoundReport) => number): number[] {
  return (['ours', 'theirs'] as const).map((side) =>
    median(timed.map((pair) => figure(pair[side]))),
  )
}

function tell(
  timed: readonly Pair[],
  { connections, perSecond }: { readonly connections: number; readonly perSecond?: number },
): void {
  const kind = perSecond === undefined ? 'closed' : 'open'
  const line = (name: string, unit: string, figure: (report: RoundReport) => number): void => {
    const [ours = 0, theirs = 0] = sidesOf(timed, figure)
    say(
      `  ${name.padEnd(24)}${ours.toFixed(2).padStart(9)}${theirs.toFixed(2).padStart(9)} ${unit}`,
    )
  }
  say(`${connections} connections, ${kind} loop: ours, theirs`)
  line('answers', '/s', ({ answered, tookMs }) => (answered / tookMs) * 1_000)
  line('p50', 'ms', ({ p50Ms }) => p50Ms)
  line('p99', 'ms', ({ p99Ms }) => p99Ms)
  line('CPU of a request', 'ms', ({ cpuMs, answered }) => cpuMs / answered)
  line('CPU of the generator', 'ms', ({ generatorCpuMs, answered }) => generatorCpuMs / answered)
  line('refused', 'of a round', ({ refused }) => refused)
  for (const operation of Object.keys(timed[0]?.ours.p50MsOf ?? {}))
    line(`p50 of ${operation}`, 'ms', ({ p50MsOf }) => p50MsOf[operation] ?? 0)
}

/** Writes a profile of each side under the closed loop of 64 connections. */
async function profiles(
  { round, profile }: ApiFixture,
  directory: string,
  { forMs }: Pick<Plan, 'forMs'>,
): Promise<void> {
  for (const side of ['ours', 'theirs'] as const)
    await profile(side, path.join(directory, `${side}.cpuprofile`), () =>
      round({ side, connections: 64, forMs }),
    )
}
