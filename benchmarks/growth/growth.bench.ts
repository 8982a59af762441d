// What growth costs: the same operation on few rows and on many, as a ratio of one run.
import { bench } from '../measure/bench.ts'
import { openGrowthFixture } from './growth-fixture.ts'
import { operationFigures } from './operations.ts'
import { pageFigures } from './pages.ts'
import { searchFigures } from './searches.ts'

await bench(
  async ({ values, ...servers }) => {
    const sizes = { few: Number(values.few), many: Number(values.many) }
    const fixture = await openGrowthFixture(servers)
    try {
      return {
        ...(await pageFigures(fixture)),
        ...(await searchFigures(servers)),
        ...(await operationFigures(servers, sizes)),
      }
    } finally {
      await fixture.close()
    }
  },
  { options: { few: '10000', many: '1000000' } },
)
