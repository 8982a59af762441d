import { orThrow } from '@headwater/core'
import type { SearchResult } from '@headwater/search'
import { eventually } from '@headwater/testing'
import { check, type Flow } from '../flow.ts'
import { patience, type Stage } from './stage.ts'

const query = 'understand how neural networks learn'
const shown = 3

/** Searches: a miss, a hit, the log, and a course that is unpublished and published again. */
export async function searchFlow(flow: Flow, stage: Stage): Promise<object> {
  const {
    services: { search },
    inspection,
  } = stage

  const missed = await flow.step(
    { store: 'Pinecone', does: `a miss: "${query}"` },
    async ({ note, timed }) => {
      const found = orThrow(
        await timed(() => search.search(query, { limit: 5, category: 'AI/ML' })),
      )
      check(!found.isCached && found.hits.length > 0, 'nothing was found, or it was cached')
      check(
        found.mode === 'hybrid' && found.degraded.length === 0,
        `answered ${found.mode}, without ${found.degraded.map(({ leg }) => leg).join()}`,
      )
      note(`${found.hits.length} courses by meaning and by words`)
      return found
    },
  )
  for (const { course, score, rank } of missed.hits.slice(0, shown))
    flow.remark(`${rank}. ${course.title} (${score.toFixed(3)})`)

  const hit = await flow.step(
    { store: 'Redis', does: 'a hit: the same, its options in another order' },
    async ({ timed }) => {
      let again: SearchResult | undefined
      await eventually(async () => {
        again = orThrow(await search.search(query, { category: 'AI/ML', limit: 5 }))
        return again.isCached
      }, patience)
      again = orThrow(await timed(() => search.search(query, { category: 'AI/ML', limit: 5 })))
      check(idsOf(again).join() === idsOf(missed).join(), 'it found other courses')
      return again
    },
  )

  await flow.step({ store: 'MongoDB', does: 'has both searches' }, async ({ note }) => {
    const logged = await eventually(async () => {
      const found = await inspection.documents('search_logs', {
        _id: { $in: [missed.searchId, hit.searchId] },
      })
      return found.length === 2 && found
    }, patience)
    check(
      logged.every(
        (entry) => entry['query'] === query && entry['results_count'] === missed.hits.length,
      ),
      'the log says something else',
    )
    note('query, number of results and duration in search_logs')
  })
  await unpublishTop(flow, stage, missed)
  return hit
}

/** Unpublishes the best course and publishes it again. */
async function unpublishTop(
  flow: Flow,
  { services: { search, courses }, inspection }: Stage,
  { hits: [top] }: SearchResult,
): Promise<void> {
  check(top !== undefined, 'nothing was found')
  const { id, title } = top.course

  await flow.step(
    { store: 'PostgreSQL', does: `unpublishes "${title}"` },
    async ({ note, timed }) => {
      orThrow(await timed(() => courses.unpublish(id)))
      const next = orThrow(await search.search(query, { limit: 5, category: 'AI/ML' }))
      check(
        next.hits.length > 0 && !idsOf(next).includes(id),
        'the very next search still shows it',
      )
      note('the very next search is without it')
    },
  )

  await flow.step({ store: 'Pinecone', does: 'loses its vector' }, async ({ note }) => {
    await eventually(async () => !(await inspection.hasVector(id)), patience)
    note('the relay has removed it')
  })

  await flow.step({ store: 'Pinecone', does: 'has it again when it is published' }, async () => {
    orThrow(await courses.publish(id))
    await eventually(async () => await inspection.hasVector(id), patience)
    await eventually(
      async () =>
        idsOf(orThrow(await search.search(query, { limit: 5, category: 'AI/ML' }))).includes(id),
      patience,
    )
  })
}

function idsOf({ hits }: SearchResult): number[] {
  return hits.map(({ course }) => course.id)
}
