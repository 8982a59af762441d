// What enrolling costs: 200 callers into one course and into 1,000, against the plain sequence of
// statements on the same pool.
import { parseArgs } from 'node:util'
import { countOversold, ours, reference, type Enroll } from './contestants.ts'
import { openGround } from './ground.ts'
import { Invalidations, percentile, run } from './load.ts'
import { callers, hot, presses, spread, type Load } from './loads.ts'
import { alternate, type Contestant } from '../measure/alternate.ts'
import { profileOf } from '../measure/profile.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '9' } },
})

const ground = await openGround()
const invalidations = new Invalidations(ground.stores)
const waits: Record<string, number[]> = {}
let rounds = 0

const figures: Record<string, unknown> = {}
for (const [name, load] of Object.entries({ hot, spread })) {
  const contest = {
    ours: contestant('ours', load),
    theirs: contestant('reference', load),
    operations: presses,
  }
  const outcome = await alternate(contest, { alternations: Number(values.rounds), warmUps: 3 })
  figures[`${name}VsReference`] = round(outcome.timesFaster)
  say(
    `${name}: ${outcome.oursUs.toFixed(0)} µs against ${outcome.theirsUs.toFixed(0)} µs an enrollment, ${outcome.timesFaster.toFixed(2)} times as fast`,
  )
  if (!values.json)
    for (const [part, share] of await profileOf(() => repeat(contest.ours)))
      say(`  ${part.padEnd(24)}${(share * 100).toFixed(0).padStart(4)} %`)
}
figures['oversold'] = await countOversold(ground.pool)
figures['p99Ms'] = {
  ours: round(percentile(waits['ours'] ?? [], 0.99)),
  reference: round(percentile(waits['reference'] ?? [], 0.99)),
}
await ground.close()
console.log(values.json ? JSON.stringify(figures) : figures)

function contestant(name: 'ours' | 'reference', load: Load): Contestant {
  const enroll: Enroll = name === 'ours' ? ours(ground) : reference(ground)
  return async () => {
    const round = await load.round(ground.pool, rounds++)
    return async () => {
      const seen = await run(enroll, round, callers)
      await invalidations.settled()
      waits[name] = [...(waits[name] ?? []), ...seen.waits]
      if (seen.enrolled !== load.placesGiven)
        throw new Error(`${name} gave ${seen.enrolled} of ${load.placesGiven} places`)
    }
  }
}

async function repeat(one: Contestant): Promise<void> {
  for (let times = 0; times < 5; times += 1) await (await one())()
}

function round(figure: number): number {
  return Math.round(figure * 100) / 100
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
