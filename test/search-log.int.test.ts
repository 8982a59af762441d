import { orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPlatform, type Platform } from './platform-fixture.ts'

describe('a search and its click', () => {
  let platform: Platform
  let mongodb: MongoClient
  beforeAll(async () => {
    platform = await startPlatform()
    mongodb = await new MongoClient(platform.servers.mongodb.url).connect()
  }, 60_000)
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
    })
    const { searchId, hits, durationMs } = orThrow(
      await search.search('Sailing  AT night', { userId: user.id }),
    )
    const [hit] = hits
    orThrow(search.recordClick(searchId, hit?.course.id ?? 0, hit?.rank ?? 0))
    await activity.flush()
    expect(hit?.legs).toMatchObject({ dense: { rank: 1 }, lexical: { rank: 1 } })
    const documents = await mongodb
      .db('learning')
      .collection('search_logs')
      .find({ query: 'sailing at night' })
      .toArray()
    expect(documents).toMatchObject([
      {
        user_id: user.id,
        results_count: 1,
        search_type: 'hybrid',
        search_duration_ms: durationMs,
        clicked_result: course.id,
        click_position: 1,
        results: [{ course_id: course.id, position: 1, dense: 1, lexical: 1, rerank: null }],
      },
    ])
    expect(String(documents[0]?._id)).toBe(searchId)
  }, 30_000)
})
