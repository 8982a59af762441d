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

/**
 * Milliseconds that a cold search takes beyond its two legs by hand: the difference of the medians
 * over new queries, asked in turns. By hand means one embedding and one query of the index, beside
 * one statement for the words; nothing is fused, checked against PostgreSQL, cached or logged.
 */
export async function coldOverheadMs({
  search,
  embedder,
  index,
  postgresUrl,
}: SearchFixture): Promise<number> {
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
  const times = { ours: [] as number[], byHand: [] as number[] }
  for (let round = -warmUps; round < rounds; round += 1) {
    const query = `${words[(round + warmUps) % words.length] ?? ''} number ${round + warmUps}`
    const took = { ours: await timed(() => ours(query)), byHand: await timed(() => byHand(query)) }
    if (round < 0) continue
    times.ours.push(took.ours)
    times.byHand.push(took.byHand)
  }
  await client.end()
  return median(times.ours) - median(times.byHand)
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
