import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  ssr: { resolve: { conditions: ['headwater-source'] } },
  test: { include: ['test/contracts/broken-vector-indexes-fixture.ts'], reporters: ['json'] },
})
