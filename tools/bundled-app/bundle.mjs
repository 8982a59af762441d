// node bundle.mjs BUNDLER OUTPUT: bundles enroll.mjs into one file that needs no node_modules.
import path from 'node:path'
import * as esbuild from 'esbuild'
import webpack from 'webpack'

const entry = path.resolve('enroll.mjs')

const bundlers = {
  'esbuild as ESM': (outfile) =>
    esbuild.build({
      ...forEsbuild(outfile),
      format: 'esm',
      // What esbuild asks for wherever a dependency is CommonJS.
      banner: {
        js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
      },
    }),
  'esbuild as CommonJS': (outfile) => esbuild.build({ ...forEsbuild(outfile), format: 'cjs' }),
  'webpack 5': (file) =>
    new Promise((done, fail) => {
      const output = { path: path.dirname(file), filename: path.basename(file) }
      const optimization = { minimize: false }
      webpack(
        { mode: 'production', target: 'node', entry, output, optimization },
        (error, stats) => {
          if (error ?? stats?.hasErrors()) fail(error ?? new Error(stats.toString()))
          else done()
        },
      )
    }),
}

function forEsbuild(outfile) {
  return { entryPoints: [entry], outfile, bundle: true, platform: 'node', logLevel: 'error' }
}

const [bundler, output] = process.argv.slice(2)
await bundlers[bundler](output)
