import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import type { Start } from './quick-start-fixture.ts'
import { runtimes } from './runtimes-fixture.ts'

const run = promisify(execFile)
const node = process.execPath

/** A package manager beside npm. */
export interface Installer {
  readonly name: string
  /**
   * Installs what a project depends on, and returns how its quick start is run. Returns `undefined`
   * where the registry has no build of the installer for this platform.
   */
  readonly install: (project: string) => Promise<Start | undefined>
}

/** pnpm, Yarn in both of its ways, and Bun. */
export const installers: readonly Installer[] = [
  {
    name: 'pnpm',
    install: async (cwd) => {
      await run('pnpm', ['install', '--prefer-offline', '--no-lockfile'], { cwd })
      return { command: node, args: ['enroll.mjs'], cwd }
    },
  },
  { name: 'Yarn', install: (project) => installWithYarn(project, 'node-modules') },
  { name: 'Yarn with Plug’n’Play', install: (project) => installWithYarn(project, 'pnp') },
  { name: 'Bun', install: installWithBun },
]

async function installWithYarn(cwd: string, linker: 'node-modules' | 'pnp'): Promise<Start> {
  const yarn = createRequire(import.meta.url).resolve('@yarnpkg/cli-dist/bin/yarn.js')
  const env = {
    YARN_NODE_LINKER: linker,
    YARN_NPM_REGISTRY_SERVER: await registry(cwd),
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    YARN_ENABLE_TELEMETRY: 'false',
  }
  await run(node, [yarn, 'install'], { cwd, env: { ...process.env, ...env } })
  // Under Plug’n’Play, Yarn tells Node.js where packages are.
  const args = linker === 'pnp' ? [yarn, 'node', 'enroll.mjs'] : ['enroll.mjs']
  return { command: node, args, cwd, env }
}

async function installWithBun(cwd: string): Promise<Start | undefined> {
  const bun = runtimes.find(({ name }) => name === 'Bun')?.binary()
  if (bun === undefined) return undefined
  const env = { ...process.env, npm_config_registry: await registry(cwd) }
  await run(bun, ['install', '--no-save', '--prefer-offline'], { cwd, env })
  return { command: node, args: ['enroll.mjs'], cwd }
}

/** The registry that npm is configured to use; Yarn and Bun do not read its configuration. */
async function registry(cwd: string): Promise<string> {
  const { stdout } = await run('npm', ['config', 'get', 'registry'], { cwd })
  return stdout.trim().replace(/\/$/, '')
}
