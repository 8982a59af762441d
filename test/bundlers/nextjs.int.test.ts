import { execFile } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, test } from 'vitest'
import { installWithNpm, pack, type PackedSet } from './project-fixture.ts'
import { expectQuickStart } from './quick-start-fixture.ts'

const run = promisify(execFile)
const ask = path.join(import.meta.dirname, 'ask.mjs')
const frameworks = ['next@16.4.6', 'react@19.3.1', 'react-dom@19.3.1']

let set: PackedSet
let project: string
let next: string

// One build serves both tests: the standalone output is added to the one that `next start` takes.
beforeAll(async () => {
  set = await pack()
  project = set.project('next')
  next = path.join(project, 'node_modules/next/dist/bin/next')
  cpSync(path.join(import.meta.dirname, '../../tools/next-app'), project, { recursive: true })
  // Next.js would install compilers for them.
  for (const name of ['tsconfig.json', 'types.mts', 'types.cts']) rmSync(path.join(project, name))
  await installWithNpm(project, frameworks)
  await run(process.execPath, [next, 'build'], {
    cwd: project,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NEXT_TELEMETRY_DISABLED: '1' },
  })
}, 900_000)

afterAll(() => set[Symbol.asyncDispose]())

test('A route of Next.js migrates and enrolls without the optional packages', async () => {
  await expectQuickStart({ command: process.execPath, args: [ask, next, 'start'], cwd: project })
})

test('The standalone output of Next.js migrates and enrolls where nothing is installed', async () => {
  const output = path.join(set.directory, 'standalone')
  cpSync(path.join(project, '.next/standalone'), output, { recursive: true })
  const args = [ask, path.join(output, 'server.js')]
  await expectQuickStart({ command: process.execPath, args, cwd: output })
})
