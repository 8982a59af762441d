import { orThrow } from '@headwater/core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

const titles = [
  'Machine Learning Fundamentals',
  'Learning to Earn',
  'Deep Dive into JavaScript',
  'Node.js Streams',
  'Bread baking',
]

describe.each(['with-trigrams', 'without-trigrams'] as const)('did you mean, %s', (migrations) => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture({ migrations })
    for (const title of titles) await app.publish({ title, category: 'Tech' })
    await app.sync()
  })
  afterEach(() => {
    app.openai.faults.restore()
  })
  afterAll(() => app.dispose())

  const misspelt = [
    ['machine lerning', 'machine learning'],
    ['Machine LERNING', 'machine learning'],
    ['javascrpt', 'JavaScript'],
    ['"machine lerning"', '"machine learning"'],
    ['“machine lerning” -python', '"machine learning" -python'],
    ['machine-lerning', 'machine-learning'],
    ['machine lerning -javascrpt', 'machine learning -javascrpt'],
  ] as const
  it.each(misspelt)('A search for %s asks whether %s was meant', async (query, meant) => {
    expect((await app.find(query)).didYouMean).toBe(meant)
    const again = await app.find(query)
    expect(again.isCached).toBe(true)
    expect(again.didYouMean).toBe(meant)
    expect(orThrow(await app.search.count(query)).didYouMean).toBe(meant)
    expect((await app.find(query, { sort: 'title' })).didYouMean).toBe(meant)
    expect(await app.find(meant)).not.toHaveProperty('didYouMean')
    expect((await app.find(meant)).hits).not.toHaveLength(0)
  })

  const left = [
    ['machine learning', 'is spelt well'],
    ['learning -javascrpt', 'has a misspelt word behind a minus only'],
    ['flarbing stremas', 'has another word that nothing is like'],
    ['"baking lerning"', 'would find nothing in this order either'],
    ['zzyzxq', 'is like nothing'],
  ] as const
  it.each(left)('A search for %s, which %s, asks nothing', async (query) => {
    expect(await app.find(query)).not.toHaveProperty('didYouMean')
    expect(orThrow(await app.search.count(query))).not.toHaveProperty('didYouMean')
  })

  it('A search asks what was meant where no course passes the filters only if one would', async () => {
    const { hits, ...result } = await app.find('lerning', { category: 'Cooking' })
    expect(hits).toEqual([])
    expect(result).not.toHaveProperty('didYouMean')
  })

  it('A search without the leg by meaning asks what was meant', async () => {
    app.openai.faults.failNext({ status: 401, times: 100 })
    const result = await app.find('bread bakimg')
    expect(result).toMatchObject({ mode: 'lexical', didYouMean: 'bread baking' })
  })
})

describe('did you mean', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture()
    for (let number = 0; number < 40; number += 1)
      await app.publish({ title: `Juggling ${number}` })
    await app.sync()
  })
  afterAll(() => app.dispose())

  it('The query that was meant has names as titles write them', async () => {
    await app.publish({ title: 'Node.js Streams' })
    expect((await app.find('nodejs stremas')).didYouMean).toBe('Node.js streams')
    expect((await app.find('node.js stremas')).didYouMean).toBe('Node.js streams')
  })

  it('Every page of a result asks what was meant', async () => {
    const first = await app.find('jugling', { limit: 15 })
    const second = await app.find('jugling', { limit: 15, cursor: first.nextCursor ?? '' })
    expect([first.didYouMean, second.didYouMean]).toEqual(['juggling', 'juggling'])
  })

  it('Only a misspelt search costs PostgreSQL more than one statement', async () => {
    const query = vi.spyOn(app.stores.postgres, 'query')
    const asked = async (text: string): Promise<number> => {
      query.mockClear()
      await app.find(text)
      return query.mock.calls.filter(([statement]) => /search_words|titles/.test(statement)).length
    }
    await asked('juggling 1')
    expect(await asked('juggling 2')).toBe(1)
    expect(await asked('jugling 3')).toBeGreaterThan(1)
    query.mockRestore()
  })
})
