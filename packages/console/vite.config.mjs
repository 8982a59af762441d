import { defineConfig } from 'vite'

/** The client: one script and one style, which the package carries. */
export default defineConfig({
  root: 'client',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: 'client/main.tsx',
      output: { entryFileNames: 'console.js', assetFileNames: 'console[extname]' },
    },
  },
})
