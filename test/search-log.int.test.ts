import { orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPlatform, type Platform } from './platform-fixture.ts'

const patience = { timeoutMs: 60_000 }

describe('a search and its click', () => {
  let platform: Platform
  let mongodb: MongoClient
  beforeAll(async () => {
    platform = await startPlatform()
    mongodb = await new MongoClient(platform.servers.mongodb.url).connect()
  })
  afterAll(async () => {
    await mongodb.close()
    await platform.close()
  })

  it('A search and its click become one document with the duration and the rank by each leg', async () => {
    const { search, activity } = platform
    const [user, course] = [
      await platform.register(),
      await platform.offer({ title: 'Sailing at night' }),
    ]
    await eventually(async () => {
      expect(orThrow(await search.index.status(course.id)).state).toBe('synced')
    }, patience)
    const { searchId, hits, durationMs } = orThrow(
      await search.search('Sailing  AT night', { userId: user.id }),
    )
    const [hit] = hits
    orThrow(search.recordClick(searchId, hit?.course.id ?? 0, hit?.rank ?? 0))
    await activity.flush()
    expect(hit?.legs).toMatchObject({ dense: { rank: 1 }, lexical: { rank: 1 } })
    const logs = mongodb.db('learning').collection('search_logs')
    await eventually(async () => {
      const documents = await logs.find({ query: 'sailing at night' }).toArray()
      expect(documents).toMatchObject([
        {
          user_id: user.id,
          results_count: 1,
          search_type: 'hybrid',
          search_duration_ms: durationMs,
          clicked_result: course.id,
          click_position: 1,
          clicks: [{ course_id: course.id, position: 1 }],
          cache_hit: false,
          results: [{ course_id: course.id, position: 1, dense: 1, lexical: 1, rerank: null }],
        },
      ])
      expect(String(documents[0]?._id)).toBe(searchId)
    }, patience)
  })

  it('Clicks on two pages of one search count at their positions, and the search counts once', async () => {
    const { search, activity } = platform
    for (const title of ['Rowing for all', 'Rowing at sea']) {
      const { id } = await platform.offer({ title })
      await eventually(async () => {
        expect(orThrow(await search.index.status(id)).state).toBe('synced')
      }, patience)
    }
    const first = orThrow(await search.search('rowing', { limit: 1 }))
    const cursor = first.nextCursor ?? ''
    const second = orThrow(await search.search('rowing', { limit: 1, cursor }))
    for (const { searchId, hits } of [first, second])
      orThrow(search.recordClick(searchId, hits[0]?.course.id ?? 0, hits[0]?.rank ?? 0))
    await activity.flush()
    const logs = mongodb.db('learning').collection('search_logs')
    await eventually(async () => {
      const document = await logs.findOne({ query: 'rowing' })
      expect(document).toMatchObject({ results_count: 2, click_position: 2 })
      expect(document?.['results']).toHaveLength(2)
      expect(document?.['clicks']).toHaveLength(2)
    }, patience)
    const period = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) }
    const [at1, at2] = orThrow(await activity.analytics.clickThrough(period))
    expect(at1).toMatchObject({ position: 1, clicks: 2, shown: 2, rate: 1 })
    expect(at2).toMatchObject({ position: 2, clicks: 1, shown: 1, rate: 1 })
    const queries = orThrow(await activity.analytics.topQueries(period))
    expect(queries.find(({ query }) => query === 'rowing')).toMatchObject({ searches: 1 })
  })
})
