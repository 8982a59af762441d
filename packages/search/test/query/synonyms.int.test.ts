import { orThrow } from '@headwater/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CourseSearchOptions } from '@headwater/search'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

const synonyms = {
  js: ['javascript'],
  ml: ['machine learning'],
  framework: { finds: ['react'] },
  it: ['information technology'],
  dl: ['机器学习'],
  cypress: ['end to end testing'],
} as const

describe.each(['with-trigrams', 'without-trigrams'] as const)('synonyms, %s', (migrations) => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture({ migrations })
    for (const title of [
      'JSON parsing',
      'Javascript intro',
      'Js basics',
      'Machine learning',
      'Sewing machine repair',
      'Ml in production',
      'React hooks',
      'A framework for cooking',
      'Information technology security',
      'Security guards',
      'Express delivery',
      'End to end testing',
    ])
      await app.publish({ title, category: title.startsWith('J') ? 'Web' : 'Other' })
  })
  afterAll(() => app.dispose())

  // Words alone: meaning has no part in what is promised here.
  const titlesBy = async (
    options: Partial<CourseSearchOptions>,
    query: string,
    filters: { readonly category?: string } = {},
  ): Promise<string[]> => {
    app.openai.faults.failNext({ status: 401, times: 100 })
    const { hits, mode } = orThrow(await app.openAnother(options).search(query, filters))
    app.openai.faults.restore()
    expect(mode).toBe('lexical')
    return hits.map(({ course }) => course.title)
  }

  const found = [
    ['js', {}, ['Js basics', 'Javascript intro', 'JSON parsing']],
    ['js', { category: 'Web' }, ['Js basics', 'Javascript intro', 'JSON parsing']],
    ['javascript', {}, ['Javascript intro', 'Js basics']],
    ['ml', {}, ['Ml in production', 'Machine learning']],
    ['machine learning', {}, ['Machine learning', 'Ml in production', 'Sewing machine repair']],
    ['framework', {}, ['A framework for cooking', 'React hooks']],
    ['react', {}, ['React hooks']],
    ['"js"', {}, ['Js basics']],
    ['framework -react', {}, ['A framework for cooking']],
    ['intro -js', {}, ['Javascript intro']],
    ['it security', {}, ['Information technology security', 'Security guards']],
    ['cypress clinic', {}, ['End to end testing']],
  ] as const
  it.each(found)('With synonyms, %s within %j finds %j', async (query, filters, titles) => {
    expect(await titlesBy({ synonyms }, query, filters)).toEqual(titles)
  })

  it('Without synonyms, a word finds itself and what begins with it', async () => {
    expect(await titlesBy({}, 'js')).toEqual(['Js basics', 'JSON parsing'])
    expect(await titlesBy({ synonyms: {} }, 'javascript')).toEqual(['Javascript intro'])
  })
})

describe('synonyms that change', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture()
    for (const title of ['Js basics', 'Javascript intro']) await app.publish({ title })
    await app.sync()
  })
  afterAll(() => app.dispose())

  it('A synonym in a script without spaces is found in titles and descriptions', async () => {
    await app.publish({ title: 'Deep 机器学习' })
    await app.publish({ title: 'Neural nets', description: '深入机器学习' })
    await app.publish({ title: '机器 and 学习' })
    app.openai.faults.failNext({ status: 401, times: 100 })
    const { hits } = orThrow(await app.openAnother({ synonyms }).search('dl'))
    app.openai.faults.restore()
    expect(hits.map(({ course }) => course.title)).toEqual(['Deep 机器学习', 'Neural nets'])
  })

  it('Processes with other synonyms do not share a cached ranking, those with the same do', async () => {
    const before = app.openAnother({ minSimilarity: 1 })
    const after = (): typeof before => app.openAnother({ synonyms, minSimilarity: 1 })
    expect(orThrow(await before.search('js')).hits).toHaveLength(1)
    expect(orThrow(await after().search('js'))).toMatchObject({
      isCached: false,
      hits: [{ course: { title: 'Js basics' } }, { course: { title: 'Javascript intro' } }],
    })
    expect(orThrow(await after().search('js'))).toMatchObject({ isCached: true })
    expect(orThrow(await before.search('js')).hits).toHaveLength(1)
  })
})
