import { execFile } from 'node:child_process'
import { globSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { build } from '../measure/build.ts'
import { say } from '../measure/say.ts'

const run = promisify(execFile)
const root = path.join(import.meta.dirname, '../..')

/** The last commit that reached Redis through the package `redis`, with modules nobody used. */
export const recordedCommit = '486a83a'

/** A project outside the workspace with the packages and their drivers. */
export interface Project {
  /** Where it is installed. */
  readonly directory: string
  /** Packages that are imported before ours to see what ours cost beside them. */
  readonly drivers: readonly string[]
}

/** Builds this tree and installs it with npm, together with the drivers it needs. */
export async function currentProject(directory: string): Promise<Project> {
  await build(root, ['core', 'repositories', 'search'])
  const drivers = ['pg', '@redis/client', 'neverthrow']
  await install(
    root,
    directory,
    ['core', 'repositories', 'search'],
    ['pg@8.23.1', '@redis/client@6.3.1'],
  )
  return { directory, drivers }
}

/** The same with `core` alone at the recorded commit, which is checked out and built for it. */
export async function recordedProject(directory: string): Promise<Project> {
  const source = `${directory}-source`
  say(`checking out and building ${recordedCommit}`)
  await run('git', ['clone', '--quiet', '--shared', '--no-checkout', root, source])
  await run('git', ['checkout', '--quiet', recordedCommit], { cwd: source })
  await run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], { cwd: source })
  await build(source, ['core'])
  await install(source, directory, ['core'], ['pg@8.23.1', 'redis@6.3.1'])
  return { directory, drivers: ['pg', 'redis', 'neverthrow'] }
}

/** Megabytes of the files of core and its drivers. */
export function installedMb({ directory }: Project): number {
  const others = ['repositories', 'search'].map((name) => `node_modules/@headwater/${name}/**`)
  const files = globSync('node_modules/**/*', { cwd: directory, exclude: others })
    .map((file) => statSync(path.join(directory, file)))
    .filter((file) => file.isFile())
  return files.reduce((bytes, file) => bytes + file.size, 0) / 1_000_000
}

async function install(
  source: string,
  directory: string,
  names: readonly string[],
  drivers: readonly string[],
): Promise<void> {
  mkdirSync(directory, { recursive: true })
  for (const name of names)
    await run('pnpm', ['pack', '--pack-destination', directory], {
      cwd: path.join(source, 'packages', name),
    })
  writeFileSync(path.join(directory, 'package.json'), '{ "private": true }')
  const tarballs = globSync('*.tgz', { cwd: directory }).map((file) => `./${file}`)
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock']
  await run('npm', ['install', ...options, ...tarballs, ...drivers], { cwd: directory })
}
