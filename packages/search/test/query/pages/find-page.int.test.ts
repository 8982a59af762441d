import { orThrow } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SearchHit, SearchOptions } from '@headwater/search'
import { openSearchFixture } from '../../search-fixture.ts'
import type { SearchFixture } from '../../search-fixture.ts'

describe('the pages of a result', () => {
  let app: SearchFixture
  const published: Course[] = []
  beforeAll(async () => {
    app = await openSearchFixture()
    for (let number = 0; number < 70; number += 1)
      published.push(
        await app.publish({
          title: `Juggling ${number}`,
          category: number % 2 === 0 ? 'Circus' : 'Sports',
        }),
      )
    await app.sync()
  })
  afterAll(() => app.dispose())

  async function pagesOf(
    query: string,
    options: SearchOptions,
    between: () => Promise<void> = async () => undefined,
  ): Promise<SearchHit[][]> {
    const pages: SearchHit[][] = []
    let cursor: string | undefined
    do {
      const result = await app.find(query, { ...options, cursor })
      pages.push([...result.hits])
      cursor = result.nextCursor ?? undefined
      await between()
    } while (cursor !== undefined)
    return pages
  }

  it.each([10, 25, 30])(
    'Pages of %d together have every course once, beyond the first depth of the legs',
    async (limit) => {
      const pages = await pagesOf('juggling', { limit })
      const ids = pages.flat().map(({ course }) => course.id)
      expect(new Set(ids).size).toBe(ids.length)
      expect([...ids].sort((one, other) => one - other)).toEqual(published.map(({ id }) => id))
      expect(pages.slice(0, -2).every((hits) => hits.length === limit)).toBe(true)
      expect(pages.flat().map(({ rank }) => rank)).toEqual(ids.map((_, place) => place + 1))
    },
  )

  it('Pages keep the filters, and end', async () => {
    const pages = await pagesOf('juggling', { limit: 20, category: 'Sports' })
    expect(pages.flat()).toHaveLength(35)
    expect(pages.flat().every(({ course }) => course.category === 'Sports')).toBe(true)
  })

  it('Pages neither repeat nor skip a course when an earlier hit is unpublished between them', async () => {
    const gone: number[] = []
    const pages = await pagesOf('juggling', { limit: 10 }, async () => {
      if (gone.length > 0) return
      const [first] = (await app.find('juggling', { limit: 10 })).hits
      gone.push(first?.course.id ?? 0)
      orThrow(await app.courses.unpublish(gone[0] ?? 0))
    })
    const ids = pages.flat().map(({ course }) => course.id)
    expect(new Set(ids).size).toBe(70)
    expect(ids).toHaveLength(70)
    expect(gone).toHaveLength(1)
  })

  it('A cursor of another query, of other filters or malformed is refused without asking a store', async () => {
    const cursor = (await app.find('juggling', { limit: 10 })).nextCursor ?? undefined
    const before = [app.openai.requestCount(), app.pinecone.requestCount(), app.logged.length]
    for (const [query, options] of [
      ['circus', { cursor }],
      ['juggling', { cursor, category: 'Sports' }],
      ['juggling', { cursor: 'x' }],
      ['juggling', { cursor: '' }],
      ['juggling', { cursor: 'x'.repeat(10_000) }],
    ] as const) {
      const result = await app.search.search(query, options)
      expect(result.isErr() && result.error).toMatchObject({
        type: 'invalid-input',
        field: 'cursor',
      })
    }
    expect([app.openai.requestCount(), app.pinecone.requestCount(), app.logged.length]).toEqual(
      before,
    )
  })
})
