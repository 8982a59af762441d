import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

/**
 * Bundles the process that is measured for a checkout, whose packages it imports as they are built:
 * no compiler runs in it, and no sources are in its memory.
 */
export async function bundleProcess(checkout: string, file: string): Promise<URL> {
  await build({
    entryPoints: [path.join(import.meta.dirname, 'memory-process.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    plugins: [
      {
        name: 'packages-of-the-checkout',
        setup: (bundle) => {
          bundle.onResolve({ filter: /^@headwater\// }, ({ path: name }) => ({
            path: pathToFileURL(builtEntry(checkout, name.replace('@headwater/', ''))).href,
            external: true,
          }))
        },
      },
    ],
  })
  return pathToFileURL(file)
}

function builtEntry(checkout: string, name: string): string {
  const entry = path.resolve(checkout, 'packages', name, 'dist/index.js')
  if (!existsSync(entry)) throw new Error(`${entry} is missing: build the packages first`)
  return entry
}
