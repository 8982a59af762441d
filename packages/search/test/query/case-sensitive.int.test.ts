import { orThrow } from '@headwater/core'
import { hashingEmbedder, inMemoryVectorIndex } from '@headwater/search'
import type { CourseSearch, Embedder } from '@headwater/search'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dimensions, openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

let app: SearchFixture
let embedded: string[]
beforeAll(async () => {
  app = await openSearchFixture()
})
beforeEach(() => {
  embedded = []
})
afterAll(() => app?.dispose())

/** Notes queries, which come alone, unlike the texts without a meaning that measure it. */
function noting(model: string, isCaseSensitive?: boolean): Embedder {
  const inner = hashingEmbedder({ dimensions })
  return {
    profile: { model, dimensions },
    ...(isCaseSensitive === undefined ? {} : { isCaseSensitive }),
    embed(texts, options) {
      if (options?.purpose === 'query' && texts.length === 1) embedded.push(...texts)
      return inner.embed(texts, options)
    },
  }
}

async function searchWith(embedder: Embedder): Promise<CourseSearch> {
  const search = app.openAnother({ embedder, index: inMemoryVectorIndex({ dimensions }) })
  const { id } = await app.publish({ title: 'Living in the US' })
  orThrow(await search.index.indexCourse(id))
  return search
}

describe('an embedder that is case-sensitive', () => {
  let search: CourseSearch
  beforeAll(async () => {
    search = await searchWith(noting('sensitive', true))
  })

  const asTyped = [
    ['Moving to the US', 'Moving to the US'],
    ['  Moving\tto the ＵＳ, now? ', 'Moving to the US now'],
    ['"Living In" Rome -Paris', 'Living In Rome'],
    ['Zu\u0308rich und KÖLN', 'Zürich und KÖLN'],
  ] as const
  it.each(asTyped)('A query %j is embedded as %j', async (query, text) => {
    orThrow(await search.search(query))
    expect(embedded).toEqual([text])
  })

  it('Each spelling has a vector and a ranking of its own, which are cached', async () => {
    const cached: boolean[] = []
    for (const query of ['join US', 'join us', 'Join US', 'join  US', 'join us '])
      cached.push(orThrow(await search.search(query)).isCached)
    expect(embedded).toEqual(['join US', 'join us', 'Join US'])
    expect(cached).toEqual([false, false, false, true, true])
  })

  it('Counts and explanations are of the query as it was typed', async () => {
    orThrow(await search.count('Visit US'))
    const { explanation } = orThrow(await search.search('Visit US', { explain: true }))
    expect(new Set(embedded)).toEqual(new Set(['Visit US']))
    expect(JSON.stringify(explanation)).toContain('Visit US')
  })

  it('Words are found whatever the case', async () => {
    const titlesOf = async (query: string) =>
      orThrow(await search.search(query)).hits.map(({ course }) => course.title)
    expect(await titlesOf('LIVING IN THE US')).toEqual(await titlesOf('living in the us'))
    expect((await titlesOf('LIVING IN THE US'))[0]).toBe('Living in the US')
  })
})

describe('any other embedder', () => {
  it.each([undefined, false])(
    'Spellings of a query share vector and ranking (isCaseSensitive: %s)',
    async (isCaseSensitive) => {
      const search = await searchWith(noting(`other ${isCaseSensitive}`, isCaseSensitive))
      const cached: boolean[] = []
      for (const query of ['Join US', 'join us', 'JOIN US!'])
        cached.push(orThrow(await search.search(query)).isCached)
      expect(embedded).toEqual(['join us'])
      expect(cached).toEqual([false, true, true])
    },
  )
})
