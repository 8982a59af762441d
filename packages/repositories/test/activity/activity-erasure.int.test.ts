import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { countOperations, documents, openFixture } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture
beforeAll(async () => {
  // Thousands of documents, on a machine that may be busy with other tests.
  fixture = await openFixture({
    repositories: { activity: { writeDeadlineMs: 60_000 } },
    connect: (options, { mongodb: { url, database } }) => ({
      ...options,
      mongodb: { url, database, deadlineMs: 60_000 },
    }),
  })
})
afterAll(() => fixture.dispose())

describe('the activity of an erased user', () => {
  test('An erased user’s queries are gone from the log, also where they waited in PostgreSQL', async () => {
    const user = await fixture.newUser()
    const search = (query: string) => ({
      userId: user.id,
      query,
      resultsCount: 1,
      searchType: 'hybrid',
      durationMs: 1,
    })
    orThrow(fixture.activity.logSearch(search('my secret illness')))
    await fixture.activity.flush()
    await fixture.deliver()
    const spilled = JSON.stringify([
      { ...search('my other secret'), kind: 'search', id: randomUUID(), at: Date.now(), hits: [] },
    ])
    orThrow(
      await fixture.stores.postgres.query(
        `INSERT INTO @schema.activity_spill (origin, entry)
         SELECT gen_random_uuid(), entry FROM jsonb_array_elements($1::jsonb) AS entry`,
        [spilled],
      ),
    )
    orThrow(await fixture.users.delete(user.id))
    await fixture.deliver()
    const another = await fixture.openAnother()
    await another.activity.flush()
    await eventually(async () => {
      const searches = await documents(fixture, 'search_logs')
      expect(searches.length).toBeGreaterThanOrEqual(2)
      expect(inspect(searches)).not.toMatch(/secret/)
    })
    await another.close()
  })

  test('A history of any length is pseudonymised in pages, each within a deadline of its own', async () => {
    const user = await fixture.newUser()
    const views = Array.from({ length: 2_500 }, (_, n) => ({
      userId: user.id,
      type: 'long.history',
      data: { n },
    }))
    orThrow(fixture.activity.recordMany(views))
    await fixture.activity.flush()
    await fixture.deliver()
    orThrow(await fixture.users.delete(user.id))
    const operations = await countOperations(fixture.stores, () => fixture.deliver())
    expect(
      operations.filter((operation) => operation === 'mongodb: pseudonymise').length,
    ).toBeGreaterThanOrEqual(6)
    const left = (await documents(fixture, 'user_activity')).filter(
      (document) => document['user_id'] === user.id,
    )
    expect(left).toEqual([])
  })
})
