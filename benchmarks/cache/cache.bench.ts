// The cost of the cache: hits against bare Redis and against bentocache, misses against the same by
// hand, and the loads that many concurrent callers cause.
import { bench } from '../measure/bench.ts'
import { runContest } from '../measure/contest.ts'
import { openCacheFixture } from './cache-fixture.ts'
import { hitContests } from './hits.ts'
import { missContest } from './misses.ts'
import { loadsUnderHold, loadsUnderStampede } from './stampede.ts'

const profiledRounds = 30

await bench(async (options) => {
  const { isJson } = options
  const fixture = await openCacheFixture(options)
  const timesFaster = async (...[name, contest]: Parameters<typeof runContest>): Promise<number> =>
    (await runContest(name, contest, { isProfiled: !isJson, profiledRounds })).timesFaster
  try {
    const figures: Record<string, number> = {}
    const { contests, floor, close } = await hitContests(fixture)
    for (const [name, contest] of Object.entries(contests))
      figures[name] = await timesFaster(name, contest)
    if (!isJson) await timesFaster('concurrent hits against one MGET by hand', floor)
    await close()
    figures['missVsRaw'] = 1 / (await timesFaster('missVsRaw', missContest(fixture)))
    figures['loadsUnderStampede'] = await loadsUnderStampede(fixture)
    figures['loadsUnderHold'] = await loadsUnderHold(fixture.stores)
    return figures
  } finally {
    await fixture.close()
  }
})
