// The cost of a search: cached, against Redis by hand; cold, beyond its slower leg; and the cost of
// filling its index.
import { bench } from '../measure/bench.ts'
import { runContest } from '../measure/contest.ts'
import { say } from '../measure/say.ts'
import { cachedContest } from './cached.ts'
import { coldFigures } from './cold.ts'
import { openSearchFixture, type SearchFixture } from './search-fixture.ts'
import { reindexFigures } from './reindex.ts'

await bench(async (servers) => {
  const fixture = await openSearchFixture(servers)
  try {
    return { ...(await queryFigures(fixture)), ...(await reindexFigures({ ...fixture, say })) }
  } finally {
    await fixture.close()
  }
})

async function queryFigures(fixture: SearchFixture) {
  const { contest, close } = await cachedContest(fixture)
  const rounds = { warmUps: 10, alternations: 41 }
  try {
    const { timesFaster: cachedVsRaw } = await runContest('cachedVsRaw', contest, { rounds })
    return { cachedVsRaw, ...(await coldFigures(fixture)) }
  } finally {
    await close()
  }
}
