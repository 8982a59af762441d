import { defineConfig } from 'vitest/config'

const conditions = ['headwater-source']
// Test files are resolved as ssr, the global set-up and what it imports as __vitest__.
const fromSource = {
  ssr: { resolve: { conditions } },
  environments: { __vitest__: { resolve: { conditions } } },
}

// Files share the modules of their worker: no test changes one, and each would load them anew.
const isolate = false

// More than a small machine has cores, since many tests wait. Both projects share them.
const maxWorkers = 3

export default defineConfig({
  test: {
    reporters: ['default', ['json', { outputFile: '.results/vitest.json' }]],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text', 'json-summary'],
    },
    projects: [
      {
        ...fromSource,
        test: {
          name: 'unit',
          include: [
            'packages/*/test/**/*.test.ts',
            'examples/*/test/**/*.test.ts',
            'benchmarks/*/test/**/*.test.ts',
            'soaks/*/test/**/*.test.ts',
            'load/test/**/*.test.ts',
            'test/**/*.test.ts',
          ],
          exclude: ['**/*.int.test.ts', '**/node_modules/**'],
          isolate,
          testTimeout: 120_000,
          maxWorkers,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'integration',
          include: [
            'packages/*/test/**/*.int.test.ts',
            'examples/*/test/**/*.int.test.ts',
            'soaks/*/test/**/*.int.test.ts',
            'load/test/**/*.int.test.ts',
            'drills/*/test/**/*.int.test.ts',
            'test/**/*.int.test.ts',
          ],
          globalSetup: ['test/global-setup.ts'],
          isolate,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          maxWorkers,
        },
      },
    ],
  },
})
