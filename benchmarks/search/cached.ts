import { orThrow } from '@headwater/core'
import { createClient } from '@redis/client'
import type { Contest } from '../measure/alternate.ts'
import type { SearchFixture } from './search-fixture.ts'

const queries = [
  'machine learning',
  'guitar',
  'python',
  'databases',
  'yoga for beginners',
  'marketing',
  'security',
  'statistics',
  'french',
  'cloud',
]
const turns = 10

/** A contest, and the function that closes it. */
export interface OpenContest {
  readonly contest: Contest
  close(this: void): Promise<void>
}

/**
 * A cached search against the least that one costs by hand: `GET` of the ranked ids, `MGET` of the
 * first ten courses, `JSON.parse` of all. Ours also has the scores and what each leg found.
 */
export async function cachedContest({ search, redisUrl }: SearchFixture): Promise<OpenContest> {
  const client = createClient({ url: redisUrl })
  await client.connect()
  for (const query of queries) {
    const { hits } = orThrow(await search.search(query, { limit: 100 }))
    await client.set(rankingKey(query), JSON.stringify(hits.map(({ course }) => course.id)))
    await Promise.all(
      hits.map(({ course }) => client.set(courseKey(course.id), JSON.stringify(course))),
    )
  }
  const byHand = async (query: string): Promise<unknown[]> => {
    const ranking = JSON.parse((await client.get(rankingKey(query))) ?? '[]') as number[]
    return (await client.mGet(ranking.slice(0, 10).map(courseKey))).map(
      (course) => JSON.parse(course ?? 'null') as unknown,
    )
  }
  const cached = async (query: string): Promise<void> => {
    const { isCached } = orThrow(await search.search(query))
    if (!isCached) throw new Error(`${query} was not cached: this is no measurement`)
  }
  for (const query of queries) orThrow(await search.search(query))
  const each = async (ask: (query: string) => Promise<unknown>): Promise<void> => {
    for (let turn = 0; turn < turns; turn += 1) for (const query of queries) await ask(query)
  }
  return {
    contest: {
      ours: () => () => each(cached),
      theirs: () => () => each(byHand),
      operations: turns * queries.length,
    },
    close: () => client.close(),
  }
}

function rankingKey(query: string): string {
  return `raw:search:${query}`
}

function courseKey(id: number): string {
  return `raw:course:${id}`
}
