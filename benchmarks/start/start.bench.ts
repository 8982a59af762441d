// The cost of starting: importing the packages in a fresh process, against the recorded commit.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { median } from '../measure/alternate.ts'
import { say } from '../measure/say.ts'
import { currentProject, installedMb, type Project, recordedProject } from './projects.ts'

const rounds = 15
const core = '@headwater/core'

interface Cost {
  readonly ms: number
  readonly rssMb: number
}

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const directory = mkdtempSync(path.join(tmpdir(), 'headwater-start-'))
try {
  const before = await recordedProject(path.join(directory, 'before'))
  const now = await currentProject(path.join(directory, 'now'))
  say(`importing in fresh processes, ${rounds} rounds`)
  const costs = await inTurns({
    before: () => costOf(before, [], core),
    now: () => costOf(now, [], core),
    core: () => costOf(now, now.drivers, core),
    repositories: () => costOf(now, [...now.drivers, core], '@headwater/repositories'),
    search: () => costOf(now, [...now.drivers, core], '@headwater/search'),
  })
  const { core: own, repositories, search } = costs
  const figures = {
    importMsVsBefore: rounded(costs.now.ms / costs.before.ms),
    importMs: {
      before: rounded(costs.before.ms),
      withDrivers: rounded(costs.now.ms),
      ...{ core: rounded(own.ms), repositories: rounded(repositories.ms) },
      search: rounded(search.ms),
    },
    rssMb: {
      before: rounded(costs.before.rssMb),
      withDrivers: rounded(costs.now.rssMb),
      core: rounded(own.rssMb),
    },
    installedMb: rounded(installedMb(now)),
    installedMbBefore: rounded(installedMb(before)),
  }
  console.log(values.json ? JSON.stringify(figures) : figures)
} finally {
  rmSync(directory, { recursive: true, force: true })
}

/** Medians of all costs, each measured once a round. */
async function inTurns<Name extends string>(
  measurements: Readonly<Record<Name, () => Promise<Cost>>>,
): Promise<Record<Name, Cost>> {
  const names = Object.keys(measurements) as Name[]
  const seen = new Map<Name, Cost[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round += 1)
    for (const name of round % 2 === 0 ? names : names.toReversed())
      seen.get(name)?.push(await measurements[name]())
  const medians = [...seen].map(([name, costs]) => [
    name,
    { ms: median(costs.map(({ ms }) => ms)), rssMb: median(costs.map(({ rssMb }) => rssMb)) },
  ])
  return Object.fromEntries(medians) as Record<Name, Cost>
}

/** What importing a package adds to a process that has imported these already. */
async function costOf(project: Project, already: readonly string[], name: string): Promise<Cost> {
  const script = `
    for (const name of ${JSON.stringify(already)}) await import(name)
    const [startedMs, rss] = [performance.now(), process.memoryUsage.rss()]
    await import(${JSON.stringify(name)})
    const ms = performance.now() - startedMs
    console.log(JSON.stringify({ ms, rssMb: (process.memoryUsage.rss() - rss) / 1e6 }))`
  const args = ['--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: project.directory })
  return JSON.parse(stdout) as Cost
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
