import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { defineConfig, type Options } from 'tsup'

type Plugin = NonNullable<Options['esbuildPlugins']>[number]

/**
 * How every package is built: ESM and CommonJS with declarations, for the oldest Node.js that is
 * supported.
 */
export const packageBuild = (...entry: readonly string[]) =>
  defineConfig({
    entry: [...entry],
    format: ['esm', 'cjs'],
    dts: true,
    sourcemap: true,
    clean: true,
    target: 'node22',
    platform: 'node',
    splitting: true,
    esbuildPlugins: [migrationsAsText],
  })

const migrationDirectory = /directory: new URL\('(.+)', import\.meta\.url\)/g

/**
 * Carries migrations inside the build, since a bundler moves the code away from its files: a set's
 * `directory` becomes the `files` in it.
 */
const migrationsAsText: Plugin = {
  name: 'migrations-as-text',
  setup: ({ onLoad }) => {
    onLoad({ filter: /migrat[a-z]+\.ts$/ }, ({ path: source }) => ({
      loader: 'ts',
      contents: readFileSync(source, 'utf8').replace(
        migrationDirectory,
        (_, directory: string) =>
          `files: ${JSON.stringify(textsIn(path.join(path.dirname(source), directory)))}`,
      ),
    }))
  },
}

function textsIn(directory: string): Record<string, string> {
  const names = readdirSync(directory).filter((name) => name.endsWith('.sql'))
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(path.join(directory, name), 'utf8')]),
  )
}
