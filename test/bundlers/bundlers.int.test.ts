import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { isolate, type IsolatedStores } from '@headwater/testing'
import { afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { packedProject } from './project-fixture.ts'

const run = promisify(execFile)

interface Seen {
  readonly applied: readonly string[]
  readonly again: string
  readonly missing: readonly string[]
}

let project: string
let own: IsolatedStores<'postgres' | 'redis'>
let output: string

beforeAll(async () => {
  project = await packedProject()
}, 300_000)

beforeEach(async () => {
  own = await isolate(inject('stack'))
  output = mkdtempSync(path.join(tmpdir(), 'bundled-'))
})

afterEach(async () => {
  await own.dispose()
  rmSync(output, { recursive: true })
})

const bundles = [
  ['esbuild as ESM', 'app.mjs'],
  ['esbuild as CommonJS', 'app.cjs'],
  ['webpack 5', 'app.cjs'],
] as const
test.each(bundles)(
  'One file made by %s migrates and enrolls without node_modules',
  async (bundler, name) => {
    const file = path.join(output, name)
    await run(process.execPath, ['bundle.mjs', bundler, file], { cwd: project })
    expectQuickStart(await start(file))
  },
  300_000,
)

test('Not bundled, the packages migrate and enroll without the optional packages', async () => {
  expectQuickStart(await start(path.join(project, 'enroll.mjs')))
}, 300_000)

function expectQuickStart({ applied, again, missing }: Seen): void {
  const firsts = ['core/0001_outbox.sql', 'repositories/0001_users_courses_enrollments.sql']
  expect(applied).toEqual(expect.arrayContaining([...firsts, 'search/0001_title_trigrams.sql']))
  expect(new Set(applied.map((name) => name.split('/')[1])).size).toBe(applied.length)
  expect(again).toBe('already-enrolled')
  expect(missing).toEqual(['npm install mongodb', 'npm install openai'])
}

async function start(file: string): Promise<Seen> {
  const env = {
    PATH: process.env['PATH'],
    HEADWATER_POSTGRES_URL: own.postgres.url,
    HEADWATER_REDIS_URL: own.redis.url,
    HEADWATER_REDIS_PREFIX: own.redis.prefix,
  }
  const { stdout } = await run(process.execPath, [file], { env })
  return JSON.parse(stdout) as Seen
}
