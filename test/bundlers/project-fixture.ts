import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = path.join(import.meta.dirname, '../..')
const packages = ['core', 'repositories', 'search']

/** The packages as they would be published, and projects outside the workspace to install them. */
export interface PackedSet extends AsyncDisposable {
  /** Where all of it lies; removed on disposal. */
  readonly directory: string
  /**
   * Makes a project that depends on the packages and both required drivers, on none of the optional
   * packages. Returns its directory; nothing is installed in it.
   */
  project(name: string): string
}

/** Packs `core`, `repositories` and `search`. */
export async function pack(): Promise<PackedSet> {
  // Outside the workspace, whose packages would be found from anywhere below it.
  const directory = mkdtempSync(path.join(tmpdir(), 'headwater-packed-'))
  const tarballs = path.join(directory, 'tarballs')
  const specifiers: Record<string, string> = {}
  const remove = () => rmSync(directory, { recursive: true, force: true })
  try {
    for (const name of packages) specifiers[`@headwater/${name}`] = await packed(name, tarballs)
  } catch (error) {
    remove()
    throw error
  }
  return {
    directory,
    project: (name) => newProject(path.join(directory, name), specifiers),
    [Symbol.asyncDispose]: async () => remove(),
  }
}

/** Installs what a project depends on, and more, from npm's cache where it is there. */
export async function installWithNpm(project: string, more: readonly string[] = []): Promise<void> {
  const quickly = ['--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock']
  await run('npm', ['install', ...quickly, ...more], { cwd: project })
}

async function packed(name: string, destination: string): Promise<string> {
  const source = path.join(root, 'packages', name)
  if (!existsSync(path.join(source, 'dist/index.js')))
    throw new Error(`${name} is not built: pnpm --recursive --filter './packages/*' run build`)
  await run('pnpm', ['pack', '--pack-destination', destination], { cwd: source })
  const [tarball = ''] = globSync(path.join(destination, `headwater-${name}-*.tgz`))
  return `file:${tarball}`
}

// The tarballs depend on one another by version; none is in the registry while it is being tried.
function newProject(project: string, specifiers: Readonly<Record<string, string>>): string {
  mkdirSync(project)
  cpSync(path.join(root, 'tools/bundled-app'), project, { recursive: true })
  const file = path.join(project, 'package.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { dependencies: object }
  writeFileSync(
    file,
    JSON.stringify({
      ...manifest,
      dependencies: { ...manifest.dependencies, ...specifiers },
      overrides: specifiers,
      resolutions: specifiers,
    }),
  )
  const overrides = JSON.stringify(specifiers)
  writeFileSync(
    path.join(project, 'pnpm-workspace.yaml'),
    `pmOnFail: ignore\noverrides: ${overrides}\n`,
  )
  return project
}
