import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

/** A runtime beside Node.js, which npm carries as one package per platform. */
export interface Runtime {
  readonly name: string
  /** Options before the script. */
  readonly args: readonly string[]
  /** The path of its program, `undefined` where the registry has none for this platform. */
  readonly binary: () => string | undefined
}

/** Bun and Deno; both use the folder `node_modules` as it is. */
export const runtimes: readonly Runtime[] = [
  { name: 'Bun', args: ['--no-install'], binary: () => program('bun', '@oven', 'bin/bun') },
  {
    name: 'Deno',
    args: ['run', '--allow-all', '--no-lock', '--node-modules-dir=manual'],
    binary: () => program('deno', '@deno', 'deno'),
  },
]

/** The package of the platform is an optional dependency, installed beside that which names it. */
function program(name: string, scope: string, file: string): string | undefined {
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
  const folder = path.join(path.dirname(manifest), '..', scope)
  if (!existsSync(folder)) return undefined
  return readdirSync(folder)
    .map((platform) => path.join(folder, platform, file))
    .find((program) => existsSync(program))
}
