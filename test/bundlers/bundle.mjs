// node bundle.mjs BUNDLER ENTRY OUTPUT: bundles ENTRY into one file that needs no node_modules.
import path from 'node:path'

const bundlers = {
  'esbuild as ESM': (entry, output) => esbuild(entry, output, 'esm'),
  'esbuild as CommonJS': (entry, output) => esbuild(entry, output, 'cjs'),
  'webpack 5': webpack,
  'rollup 4': rollup,
  'Vite SSR': vite,
}

async function esbuild(entry, outfile, format) {
  const { build } = await import('esbuild')
  // What esbuild asks for wherever a dependency is CommonJS.
  const js = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`
  await build({
    ...{ entryPoints: [entry], outfile, format, bundle: true, platform: 'node' },
    ...{ banner: format === 'esm' ? { js } : {}, logLevel: 'error' },
  })
}

async function webpack(entry, file) {
  const { default: compile } = await import('webpack')
  const output = { path: path.dirname(file), filename: path.basename(file) }
  const optimization = { minimize: false }
  const stats = await new Promise((done, fail) => {
    compile({ mode: 'production', target: 'node', entry, output, optimization }, (error, stats) =>
      error ? fail(error) : done(stats),
    )
  })
  if (stats.hasErrors()) throw new Error(stats.toString())
}

async function rollup(input, file) {
  const [{ rollup }, ...plugins] = await Promise.all([
    import('rollup'),
    import('@rollup/plugin-node-resolve').then(({ nodeResolve }) =>
      nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }),
    ),
    // `pg` asks for its native addition, which is not installed, in a try.
    import('@rollup/plugin-commonjs').then(({ default: commonjs }) =>
      commonjs({ ignoreTryCatch: true }),
    ),
    import('@rollup/plugin-json').then(({ default: json }) => json()),
  ])
  const bundle = await rollup({ input, plugins, onLog: () => undefined })
  await bundle.write({ file, format: 'esm', inlineDynamicImports: true })
}

async function vite(entry, file) {
  const { build } = await import('vite')
  await build({
    root: path.dirname(entry),
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: entry,
      outDir: path.dirname(file),
      rolldownOptions: { output: { entryFileNames: path.basename(file), codeSplitting: false } },
    },
  })
}

const [bundler, entry, output] = process.argv.slice(2)
await bundlers[bundler](entry, output)
