import { ok, orThrow, transaction } from '@headwater/core'
import type { CourseSearch } from '@headwater/search'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

describe('languages that cannot be read', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture()
    await app.publish({ title: 'Häuser planen', language: 'de', description: 'Vom Keller.' })
    await app.sync()
  })
  afterAll(() => app.dispose())

  const run = async (text: string) => orThrow(await app.stores.postgres.query(text))
  const degradedDuring = async (work: () => Promise<void>): Promise<readonly string[]> => {
    const legs: string[] = []
    const off = app.stores.diagnostics.on('search:degraded', ({ leg }) => legs.push(leg))
    await work()
    off()
    return legs
  }
  const searchFor = async (search: CourseSearch, query: string) => {
    const { hits, isCached } = orThrow(await search.search(query))
    return { titles: hits.map(({ course }) => course.title), isCached }
  }

  it('A search whose process has not read them in time is not cached, and it is told', async () => {
    const search = app.openAnother()
    const legs = await degradedDuring(async () => {
      const locked = await transaction(app.stores, async (tx) => {
        await tx.query('LOCK TABLE @schema.search_language')
        const first = await searchFor(search, 'kellern')
        return ok([first, await searchFor(app.openAnother(), 'kellern')])
      })
      const missed = { titles: [], isCached: false }
      expect(orThrow(locked)).toEqual([missed, missed])
    })
    expect(legs).toContain('lexical')
    await expect
      .poll(() => searchFor(search, 'kellern'))
      .toMatchObject({ titles: ['Häuser planen'], isCached: false })
  })

  it('Where the role may not read them, a search is cached as one of English, and it is told', async () => {
    await run('ALTER TABLE @schema.search_language RENAME COLUMN configuration TO hidden')
    const search = app.openAnother()
    const legs = await degradedDuring(async () => {
      expect(await searchFor(search, 'des Kellers')).toMatchObject({ isCached: false })
      expect(await searchFor(search, 'des Kellers')).toMatchObject({ isCached: true })
    })
    await run('ALTER TABLE @schema.search_language RENAME COLUMN hidden TO configuration')
    expect(legs).toEqual(['lexical'])
  })
})
