import { orThrow } from '@headwater/core'
import { Client } from 'pg'
import { median } from '../measure/alternate.ts'
import type { SearchFixture } from './search-fixture.ts'

const rounds = 120
const warmUps = 30
const words = [
  'linear',
  'guitar',
  'python',
  'tables',
  'breathing',
  'selling',
  'attack',
  'charts',
  'grammar',
  'containers',
]

/** The words of a query in the index that our own search uses, by the usual statement. */
const selectByWords = `
  SELECT id, ts_rank(search_vector, query) AS score
  FROM courses, websearch_to_tsquery('english', $1) AS query
  WHERE is_published AND search_vector @@ query
  ORDER BY score DESC, id LIMIT 50`

/** What a cold search costs beyond finding courses. */
export interface ColdFigures {
  /**
   * Milliseconds beyond the two legs by hand: the difference of the medians over new queries, asked
   * in turns. By hand means one embedding and one query of the index, beside one statement for the
   * words; nothing is fused, checked against PostgreSQL, cached or logged.
   */
  readonly coldOverheadMs: number
  /** Milliseconds beyond the slower of its own two legs, the median over the same queries. */
  readonly coldBeyondLegsMs: number
}

/** Measures cold searches. */
export async function coldFigures({
  stores,
  search,
  embedder,
  index,
  postgresUrl,
}: SearchFixture): Promise<ColdFigures> {
  const client = new Client({ connectionString: postgresUrl })
  await client.connect()
  const byHand = async (query: string): Promise<void> => {
    const bySimilarity = async () => {
      const [vector = []] = orThrow(await embedder.embed([query]))
      orThrow(await index.query({ vector, topK: 50 }))
    }
    await Promise.all([bySimilarity(), client.query(selectByWords, [query])])
  }
  const ours = async (query: string): Promise<void> => {
    const { isCached, mode } = orThrow(await search.search(query))
    if (isCached || mode !== 'hybrid')
      throw new Error('a search was not cold, or went without a leg: this is no measurement')
  }
  const times = { ours: [] as number[], byHand: [] as number[], beyondLegs: [] as number[] }
  let slowerLegMs = 0
  const stop = stores.diagnostics.on('search:leg', ({ durationMs }) => {
    slowerLegMs = Math.max(slowerLegMs, durationMs)
  })
  for (let round = -warmUps; round < rounds; round += 1) {
    const query = `${words[(round + warmUps) % words.length] ?? ''} number ${round + warmUps}`
    slowerLegMs = 0
    const took = { ours: await timed(() => ours(query)), byHand: await timed(() => byHand(query)) }
    if (round < 0) continue
    times.ours.push(took.ours)
    times.byHand.push(took.byHand)
    times.beyondLegs.push(took.ours - slowerLegMs)
  }
  stop()
  await client.end()
  return {
    coldOverheadMs: median(times.ours) - median(times.byHand),
    coldBeyondLegsMs: median(times.beyondLegs),
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
