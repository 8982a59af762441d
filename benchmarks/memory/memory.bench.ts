// The memory of a process with relay, caches and search: connected, after many different reads,
// after an hour's worth of mixed work in five minutes, and closed; and of connecting over and over.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createDatabase } from '@headwater/testing'
import { startMongodbProcess } from '../activity/mongodb-process.ts'
import { bench, type Bench, type Figures } from '../measure/bench.ts'
import { build } from '../measure/build.ts'
import { Child } from '../measure/child.ts'
import { say } from '../measure/say.ts'
import { startServices } from '../search/services.ts'
import type { Order, Usage } from './memory-process.ts'
import { bundleProcess } from './process-bundle.ts'
import type { SubjectOptions } from './subject.ts'

/** An hour of 30 operations a second, twelve times as fast. */
const perSecond = 360

interface Plan {
  readonly reads: number
  readonly operations: number
  readonly cycles: number
  /** Where snapshots of the heap are written; empty for none. */
  readonly snapshots: string
}

/** Addresses that no other process of this run has had. */
type NewOptions = () => Promise<SubjectOptions>

const root = path.join(import.meta.dirname, '../..')
const directory = mkdtempSync(path.join(tmpdir(), 'headwater-memory-'))

await bench(
  async ({ values, flags, ...servers }) => {
    const plan = {
      reads: Number(values.reads),
      operations: Number(values.seconds) * perSecond,
      cycles: Number(values.cycles),
      snapshots: values.snapshots,
    }
    const [mongodb, { pinecone, openai, stop }] = await Promise.all([
      startMongodbProcess(),
      startServices(1_536),
    ])
    const newOptions = optionsOf(servers, {
      mongodbUrl: mongodb.url,
      services: { pinecone, openai },
      isNear: flags.near,
    })
    try {
      say('building the packages')
      await build(root, ['core', 'repositories', 'search'])
      const now = await measure(root, { plan, newOptions, name: 'now' })
      if (values.against === '')
        return { bench: 'memory', near: flags.near ? 'yes' : 'no', ...now.figures }
      const before = await measure(values.against, { plan, newOptions, name: 'before' })
      return {
        ...{ bench: 'memory', near: flags.near ? 'yes' : 'no', ...now.figures },
        rssVsBefore: Object.fromEntries(
          Object.entries(now.rssMb).map(([phase, mb]) => [phase, mb / (before.rssMb[phase] ?? 0)]),
        ),
        before: before.figures,
      }
    } finally {
      await Promise.all([mongodb.stop(), stop()])
      rmSync(directory, { recursive: true, force: true })
    }
  },
  {
    options: { seconds: '300', reads: '100000', cycles: '200', against: '', snapshots: '' },
    flags: ['near'],
  },
)

/** Every process gets a database of its own everywhere. */
function optionsOf(
  { postgres, redis }: Pick<Bench, 'postgres' | 'redis'>,
  shared: Omit<SubjectOptions, 'postgresUrl' | 'redisUrl' | 'database'>,
): NewOptions {
  let count = 0
  return async () => {
    count += 1
    return {
      ...shared,
      postgresUrl: await createDatabase(postgres.url),
      redisUrl: `${redis.url}/${count}`,
      database: `bench_memory_${process.pid}_${count}`,
    }
  }
}

/** All figures of one build. */
async function measure(
  checkout: string,
  {
    plan,
    newOptions,
    name,
  }: { readonly plan: Plan; readonly newOptions: NewOptions; readonly name: string },
): Promise<{ readonly figures: Figures; readonly rssMb: Readonly<Record<string, number>> }> {
  const script = await bundleProcess(checkout, path.join(directory, `${name}.mjs`))
  const life = await lifeOf(script, plan, { options: await newOptions(), name })
  const cycles = await cyclesOf(script, plan, await newOptions())
  const each = (figure: (usage: Usage) => number) =>
    Object.fromEntries(Object.entries(life).map(([phase, usage]) => [phase, figure(usage)]))
  const tenths = life.worked.heapMbOfTenths
  const rssMb = each((usage) => usage.rssMb)
  return {
    rssMb,
    figures: {
      rssMb,
      heapMb: each((usage) => usage.heapMb),
      externalMb: each((usage) => usage.externalMb),
      heapGrowthMb: (tenths.at(-1) ?? 0) - (tenths[4] ?? 0),
      handlesLeft: handlesLeft(life.imported, life.closed),
      cycles,
    },
  }
}

async function lifeOf(
  script: URL,
  { reads, operations, snapshots }: Plan,
  { options, name }: { readonly options: SubjectOptions; readonly name: string },
): Promise<Readonly<Record<'imported' | 'connected' | 'read' | 'worked' | 'closed', Usage>>> {
  const child = new Child(script, ['--expose-gc'])
  const obey = obeyed(child, name)
  const snapshot = async (phase: string): Promise<void> => {
    const file = path.join(snapshots, `${name}-${phase}.heapsnapshot`)
    if (snapshots !== '') await obey({ order: 'snapshot', file })
  }
  try {
    const imported = await obey({ order: 'import' })
    const connected = await obey({ order: 'connect', options })
    const read = await obey({ order: 'read', count: reads })
    await snapshot('read')
    const worked = await obey({ order: 'work', operations, perSecond })
    await snapshot('worked')
    const closed = await obey({ order: 'close' })
    await snapshot('closed')
    return { imported, connected, read, worked, closed }
  } finally {
    await child.stop()
  }
}

/** Connects and closes: the first tenth warms up. */
async function cyclesOf(
  script: URL,
  { cycles }: Plan,
  options: SubjectOptions,
): Promise<Record<string, number>> {
  const child = new Child(script, ['--expose-gc'])
  const obey = obeyed(child, 'cycles')
  try {
    const imported = await obey({ order: 'import' })
    const early = Math.ceil(cycles / 10)
    const first = await obey({ order: 'cycles', options, count: early })
    const last = await obey({ order: 'cycles', options, count: cycles - early })
    return {
      [`rssMbAfter${early}`]: first.rssMb,
      [`rssMbAfter${cycles}`]: last.rssMb,
      [`heapMbAfter${early}`]: first.heapMb,
      [`heapMbAfter${cycles}`]: last.heapMb,
      handlesLeft: handlesLeft(imported, last),
    }
  } finally {
    await child.stop()
  }
}

/** How many handles are left beyond those of the beginning. */
function handlesLeft(before: Usage, after: Usage): number {
  if (after.handles.length > before.handles.length)
    say(`handles: ${before.handles.join(', ')}; in the end ${after.handles.join(', ')}`)
  return after.handles.length - before.handles.length
}

function obeyed(child: Child, name: string): (order: Order) => Promise<Usage> {
  return async (order) => {
    const usage = await child.ask<Usage | { readonly error: string }>(order)
    if ('error' in usage) throw new Error(`${name}, ${order.order}: ${usage.error}`)
    const { rssMb, heapMb, externalMb } = usage
    const [rss, heap, external] = [rssMb, heapMb, externalMb].map((mb) => mb.toFixed(1))
    say(`${name}, ${order.order}: ${rss} MB, of them heap ${heap}, buffers ${external}`)
    return usage
  }
}
