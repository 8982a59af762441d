import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
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
/**
 * Kept between runs, since installing takes most of a minute; outside the workspace, whose packages
 * would be found from anywhere below it.
 */
const project = path.join(tmpdir(), 'headwater-bundlers')

/**
 * A project outside the workspace that has the packages as they would be published, both required
 * drivers, the bundlers, and none of the optional packages. Returns its directory.
 */
export async function packedProject(): Promise<string> {
  mkdirSync(project, { recursive: true })
  cpSync(path.join(root, 'tools/bundled-app'), project, { recursive: true })
  await installOnce()
  rmSync(path.join(project, 'node_modules/@headwater'), { recursive: true, force: true })
  for (const name of packages) await unpack(name)
  return project
}

async function installOnce(): Promise<void> {
  const manifest = readFileSync(path.join(project, 'package.json'), 'utf8')
  const stamp = path.join(project, 'installed.json')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === manifest) return
  await run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: project })
  writeFileSync(stamp, manifest)
}

async function unpack(name: string): Promise<void> {
  const source = path.join(root, 'packages', name)
  if (!existsSync(path.join(source, 'dist/index.js')))
    throw new Error(`${name} is not built: pnpm --recursive --filter './packages/*' run build`)
  const tarballs = path.join(project, 'tarballs', name)
  rmSync(tarballs, { recursive: true, force: true })
  await run('pnpm', ['pack', '--pack-destination', tarballs], { cwd: source })
  const target = path.join(project, 'node_modules/@headwater', name)
  mkdirSync(target, { recursive: true })
  const [tarball = ''] = globSync(path.join(tarballs, '*.tgz'))
  await run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1'])
}
