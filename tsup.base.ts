import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { defineConfig, type Options } from 'tsup'

type Plugin = NonNullable<Options['esbuildPlugins']>[number]

/**
 * How every package is built: ESM and CommonJS with declarations, for the oldest Node.js that is
 * supported. Development dependencies that the sources import become part of the build, as far as
 * they are used; `tools/finish-build.mjs` adds their licences. Nothing is minified: webpack reads
 * the comments inside the imports of optional packages.
 */
export const packageBuild = (...entry: readonly string[]) =>
  defineConfig({
    entry: [...entry],
    format: ['esm', 'cjs'],
    dts: { compilerOptions: { stripInternal: true } },
    sourcemap: true,
    clean: true,
    target: 'node22',
    platform: 'node',
    // Entries that share a file must share its classes, in CommonJS too, at the price of a second
    // pass over the code.
    splitting: entry.length > 1,
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
