import { orThrow } from '@headwater/core'
import { alternate } from '../measure/alternate.ts'
import { openReindexFixture } from './reindex-fixture.ts'
import { reindexByHand } from './raw-reindex.ts'

/** The cost of filling the index. */
export interface ReindexFigures {
  /** Requests for embeddings when nothing has changed. */
  readonly embedCallsOnUnchangedReindex: number
  /** Requests for embeddings of 10,000 new courses. */
  readonly embedCallsFor10k: number
  /**
   * Speed relative to bare batched embedding and upserting of the same texts; 1 is as fast.
   */
  readonly reindexVsRaw: number
}

/** Addresses of PostgreSQL and Redis, and the progress log. */
export interface ReindexBench {
  readonly postgresUrl: string
  readonly redisUrl: string
  readonly say: (line: string) => void
}

/** The fewest requests for 10,000 texts of this length: 2,048 per request. */
const fewestCalls = 5
const compared = { courses: 4_096, dimensions: 1_536, alternations: 5 }

/** Measures the cost of filling the index. */
export async function reindexFigures(bench: ReindexBench): Promise<ReindexFigures> {
  const calls = await countCalls(bench)
  const outcome = await compare(bench)
  bench.say(
    `reindexing: ${outcome.oursUs.toFixed(0)} µs a course against ${outcome.theirsUs.toFixed(0)} µs by hand`,
  )
  return { ...calls, reindexVsRaw: Math.round(outcome.timesFaster * 100) / 100 }
}

/**
 * The number of calls does not depend on the length of the vectors; their duration does.
 */
async function countCalls({
  say,
  ...servers
}: ReindexBench): Promise<Omit<ReindexFigures, 'reindexVsRaw'>> {
  const fixture = await openReindexFixture({ ...servers, courses: 10_000, dimensions: 16 })
  try {
    const { search } = fixture.open()
    const callsOf = async (): Promise<number> => {
      const before = await fixture.services.embedCalls()
      const { isComplete, counts } = orThrow(await search.index.reindexAll({ fromStart: true }))
      if (!isComplete || counts.stored + counts.unchanged !== 10_000)
        throw new Error('a reindexing left courses out: the measurement is void')
      return (await fixture.services.embedCalls()) - before
    }
    const [embedCallsFor10k, embedCallsOnUnchangedReindex] = [await callsOf(), await callsOf()]
    if (!orThrow(await search.index.verify()).isInSync)
      throw new Error('the index is not in sync: the measurement is void')
    say(
      `10,000 courses: ${embedCallsFor10k} requests for embeddings, at least ${fewestCalls} are ` +
        `needed; unchanged: ${embedCallsOnUnchangedReindex}`,
    )
    return { embedCallsOnUnchangedReindex, embedCallsFor10k }
  } finally {
    await fixture.stop()
  }
}

async function compare({ say: _, ...servers }: ReindexBench): ReturnType<typeof alternate> {
  const fixture = await openReindexFixture({ ...servers, ...compared })
  let rounds = 0
  try {
    return await alternate(
      {
        ours: async () => {
          await fixture.clear()
          const { search } = fixture.open()
          return async () => orThrow(await search.index.reindexAll({ fromStart: true }))
        },
        theirs: async () => {
          await fixture.clear()
          return () => reindexByHand(fixture, `by-hand-${rounds++}`)
        },
        operations: compared.courses,
      },
      { warmUps: 1, alternations: compared.alternations },
    )
  } finally {
    await fixture.stop()
  }
}
