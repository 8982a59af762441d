import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { eventually } from '@headwater/testing'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chanceOf } from '../../benchmarks/api/load/zipf.ts'
import { users } from '../../benchmarks/flows/data.ts'
import { onDatabase } from '../../soaks/run/postgres-faults.ts'
import { type FlowName, flowNames, perFlow } from '../flows/flow.ts'
import { requestsOf } from '../flows/flows.ts'
import { loadDefaults } from '../load-options.ts'
import { Platform } from '../platform/platform.ts'
import { type LoadTarget, runLoad } from '../run-load.ts'

/** Goals that a busy machine keeps: what is tested here is the load, not the speed. */
const anyGoal = { p50Ms: 60_000, p99Ms: 60_000, errorPercent: 100 }
const slo = { flows: perFlow(() => anyGoal), recoverSeconds: 3_600 }
const options = { ...loadDefaults, rate: 40, warmUpSeconds: 0, maxLagMs: 60_000, slo }

describe('on one platform', () => {
  let platform: Platform
  let target: LoadTarget

  beforeAll(async () => {
    platform = await Platform.open({ isProxied: true })
    const { app, hits } = platform
    const next = requestsOf({ tokens: app.tokens, hits, chance: chanceOf(1) })
    target = { url: app.url, next, player: platform }
  })
  afterAll(() => platform.close())

  const counted = (query: string) =>
    onDatabase(platform.addresses.postgresUrl, async (client) => {
      const { rows } = await client.query<{ count: number }>(
        `SELECT count(*)::int AS count ${query}`,
      )
      return rows[0]!.count
    })

  test('Every flow of a load happens: its rows are in the databases', async () => {
    const enrolledBefore = await counted('FROM enrollments')
    const { flows, requests } = await runLoad(target, [], { ...options, seconds: 10 })
    expect(requests).toBeGreaterThan(300)
    const happened = (flow: FlowName): readonly [succeeded: number, sent: number] => {
      const { requests: sent, errors } = flows[flow]
      return [sent - Object.values(errors).reduce((sum, count) => sum + count, 0), sent]
    }
    for (const flow of flowNames) expect(happened(flow)[0]).toBeGreaterThan(0)
    expectBetween(await counted(`FROM users WHERE id > ${users}`), happened('register'))
    expectBetween((await counted('FROM enrollments')) - enrolledBefore, happened('enroll'))
    expect(await counted(`FROM courses WHERE title LIKE '%, edition %'`)).toBeGreaterThan(0)
    const mongodb = await new MongoClient(platform.addresses.mongodbUrl).connect()
    try {
      const found = (collection: string, filter: object) =>
        eventually(
          async () => (await mongodb.db('load').collection(collection).countDocuments(filter)) > 0,
        )
      await found('user_activity', { event_type: 'course.viewed' })
      await found('search_logs', { clicked_result: { $ne: null } })
    } finally {
      await mongodb.close()
    }
  })

  test('Without Redis courses are browsed, and who is signed in is told to come again', async () => {
    const plan = [{ fault: 'redis-killed', atSeconds: 3, forSeconds: 5 }] as const
    const { faults, slots } = await runLoad(target, plan, { ...options, seconds: 12 })
    expect(faults).toHaveLength(1)
    const { fault, atSeconds, forSeconds, before, during } = faults[0]!
    expect(fault).toBe('redis-killed')
    expect(atSeconds).toBeGreaterThan(2.9)
    expect(forSeconds).toBeGreaterThan(2)
    expect(before.flows.browse.requests).toBeGreaterThan(0)
    expect(during.flows.enrollments.errors['503']).toBeGreaterThan(0)
    expect(during.flows.browse.p50Ms).not.toBeNull()
    expect(slots.some(({ errorsPerSecond }) => errorsPerSecond > 0)).toBe(true)
  })
})

describe('the command', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'load-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('Prints one line of JSON, writes the report and exits by its verdict', async () => {
    const [faults, goals, report] = ['faults', 'goals', 'report'].map((name) => join(folder, name))
    const plan = [{ fault: 'openai-down', atSeconds: 1, forSeconds: 1 }]
    await writeFile(faults!, JSON.stringify(plan))
    const broken = { ...perFlow(() => anyGoal), browse: { ...anyGoal, p50Ms: 0.01 } }
    await writeFile(goals!, JSON.stringify({ flows: broken, recoverSeconds: 3_600 }))
    const { code, output } = await run(
      ...['--minutes', '0.1', '--rate', '30', '--warm-up', '1', '--max-lag', '60000', '--json'],
      ...['--faults', faults!, '--slo', goals!, '--report', report!],
    )
    expect(output.trim().split('\n')).toHaveLength(1)
    const summary = JSON.parse(output) as Readonly<Record<string, unknown>>
    expect(summary).toMatchObject({
      load: 'express',
      rate: 30,
      seconds: 6,
      slo: 'broken',
      flows: { browse: { slo: 'broken', goal: { p50Ms: 0.01 } } },
      faults: [{ fault: 'openai-down' }],
      generatorLagMs: { bound: 60_000 },
    })
    expect(Object.keys(summary['flows'] as object)).toEqual(flowNames)
    expect(code).toBe(1)
    expect(await readFile(report!, 'utf8')).toContain('<title>openai-down</title>')
  })
})

/** Whether a request that failed was carried out is not known. */
function expectBetween(rows: number, [succeeded, sent]: readonly [number, number]): void {
  expect(rows).toBeGreaterThanOrEqual(succeeded)
  expect(rows).toBeLessThanOrEqual(sent)
}

async function run(...args: string[]): Promise<{ code: number; output: string }> {
  const script = fileURLToPath(new URL('../load.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=headwater-source', script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit') as Promise<[number]>
  const [[code], output] = await Promise.all([exit, text(child.stdout)])
  return { code, output }
}
