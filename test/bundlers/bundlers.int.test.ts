import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installers } from './installers-fixture.ts'
import { installWithNpm, pack, type PackedSet } from './project-fixture.ts'
import { expectQuickStart } from './quick-start-fixture.ts'
import { runtimes } from './runtimes-fixture.ts'

const run = promisify(execFile)
const node = process.execPath
const patient = { timeout: 900_000 }

let set: PackedSet
let project: string

beforeAll(async () => {
  set = await pack()
  project = set.project('app')
  await installWithNpm(project)
}, 900_000)

afterAll(() => set[Symbol.asyncDispose]())

const bundles = [
  ['esbuild as ESM', 'app.mjs'],
  ['esbuild as CommonJS', 'app.cjs'],
  ['webpack 5', 'app.cjs'],
  ['rollup 4', 'app.mjs'],
  ['Vite SSR', 'app.mjs'],
] as const
describe('bundles', patient, () => {
  test.each(bundles)(
    'One file made by %s migrates and enrolls without node_modules',
    async (bundler, name) => {
      const output = path.join(set.directory, bundler.replaceAll(' ', '-'))
      mkdirSync(output)
      const entry = path.join(project, 'enroll.mjs')
      const script = path.join(import.meta.dirname, 'bundle.mjs')
      await run(node, [script, bundler, entry, path.join(output, name)])
      await expectQuickStart({ command: node, args: [path.join(output, name)] })
    },
  )
})

describe('runtimes, with what npm installs', patient, () => {
  test('Node.js migrates and enrolls from an ES module without the optional packages', () =>
    expectQuickStart({ command: node, args: ['enroll.mjs'], cwd: project }))

  test('Node.js migrates and enrolls from CommonJS, where `require` loads the packages', async () => {
    const options = ['--bundle', '--packages=external', '--platform=node', '--format=cjs']
    await run('esbuild', ['enroll.mjs', ...options, '--outfile=enroll.cjs'], { cwd: project })
    await expectQuickStart({ command: node, args: ['enroll.cjs'], cwd: project })
  })

  test.for(runtimes)('$name migrates and enrolls', async ({ binary, args, name }, { skip }) => {
    const command = binary()
    if (command === undefined) return skip(`${name} has no build for this platform`)
    await expectQuickStart({ command, args: [...args, 'enroll.mjs'], cwd: project })
  })
})

test('Types compile without the optional packages while libraries are checked too', async () => {
  const options = ['exec', 'tsc', '--project', project]
  const said = run('pnpm', options, { cwd: import.meta.dirname }).then(
    () => '',
    (error: unknown) => (error as { readonly stdout: string }).stdout,
  )
  expect(await said).toBe('')
}, 900_000)

describe.concurrent('package managers', patient, () => {
  test.for(installers)(
    'What $name installs without the optional packages migrates and enrolls',
    async ({ install, name }, { skip }) => {
      const quickStart = await install(set.project(name.replaceAll(/\W/g, '-')))
      if (quickStart === undefined) return skip(`${name} has no build for this platform`)
      await expectQuickStart(quickStart)
    },
  )
})
