import { setTimeout as wait } from 'node:timers/promises'
import { orThrow } from '@headwater/core'
import type { SearchExplanation, SearchOptions } from '@headwater/search'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { awayIndex, openExplainedCatalogue } from './explained-catalogue-fixture.ts'
import type { ExplainedCatalogue } from './explained-catalogue-fixture.ts'

let app: ExplainedCatalogue
beforeAll(async () => {
  app = await openExplainedCatalogue()
})
afterAll(() => app.dispose())

async function explained(
  query: string,
  options: SearchOptions = {},
  search = app.search,
): Promise<SearchExplanation> {
  const { explanation } = orThrow(await search.search(query, { ...options, explain: true }))
  if (explanation === undefined) throw new Error('there is no explanation')
  return explanation
}

describe('an explanation', () => {
  it('A search is explained only when asked to, and finds the same', async () => {
    const plain = await app.find('pottery wheel')
    const { explanation, ...found } = await app.find('pottery wheel', { explain: true })
    expect('explanation' in plain).toBe(false)
    expect(explanation?.hits).toHaveLength(plain.hits.length)
    expect(found.hits).toEqual(plain.hits)
    expect(found.nextCursor).toHaveLength(plain.nextCursor?.length ?? 0)
  })

  it('A cached ranking is not used, and an explained one is not stored', async () => {
    await app.find('astronomy')
    expect((await app.find('astronomy')).isCached).toBe(true)
    expect((await app.find('astronomy', { explain: true })).isCached).toBe(false)
    await app.find('sailing', { explain: true })
    expect((await app.find('sailing')).isCached).toBe(false)
  })

  it('The words are those that each leg was given, with corrections', async () => {
    const asked = 'potery "on the wheel" -glaze'
    const { words, meaning } = await explained(asked)
    expect(words).toEqual({
      words: ['potery', 'on', 'the', 'wheel'],
      phrases: ['on the wheel'],
      excluded: ['glaze'],
      corrections: { potery: ['pottery'] },
      synonyms: {},
    })
    expect(meaning?.text).toBe('potery on the wheel')
  })

  it('The words are shown with the synonyms that the host has given them', async () => {
    const search = app.openAnother({ synonyms: { clay: { finds: ['pottery', 'Stoneware mugs'] } } })
    const { words } = await explained('clay wheel', {}, search)
    expect(words?.words).toEqual(['clay', 'wheel'])
    expect(words?.synonyms).toEqual({ clay: ['pottery', 'stoneware mugs'] })
  })

  it('The floor is the measured one, the one that is given, or there is none', async () => {
    const { typical, floor } = orThrow(await app.search.index.calibrate())
    expect((await explained('pottery')).meaning).toMatchObject({
      typical,
      floor,
      floorFrom: 'measured',
    })
    const given = app.openAnother({ minSimilarity: 0.7 })
    expect((await explained('pottery', {}, given)).meaning).toMatchObject({
      floor: 0.7,
      floorFrom: 'given',
      leastAlone: 0.7,
    })
    const alone = await explained('pottery', {}, app.openAnother({ index: awayIndex() }))
    expect([alone.meaning, alone.mergedBy]).toEqual([undefined, 'words-alone'])
  })

  it('Each hit has its tier, its share of the words and its similarity', async () => {
    const { hits, mergedBy } = await explained('pottery wheel', { limit: 50 })
    expect(mergedBy).toBe('evidence')
    const tiers = hits.map(({ courseId, tier }) => [app.known.get(courseId)?.title, tier])
    for (const [title = '', tier] of tiers) {
      const has = ['Pottery', 'Wheel'].filter((word) => title.includes(word)).length
      expect(tier).toBe(['meaning-alone', 'some-words', 'all-words'][has])
    }
    expect(new Set(tiers.map(([, tier]) => tier)).size).toBeGreaterThan(1)
    for (const { courseId, similarity, wordShare, tier, rank, legs } of hits) {
      expect(similarity).toBeCloseTo(app.known.get(courseId)?.similarity ?? 0, 3)
      expect(wordShare === 1).toBe(tier === 'all-words')
      expect(wordShare === 0).toBe(tier === 'meaning-alone')
      expect(hits[rank - 1]?.courseId).toBe(courseId)
      expect(legs.lexical === undefined).toBe(tier === 'meaning-alone')
    }
  })

  it('It tells how the legs were merged', async () => {
    const byRank = app.openAnother({ minSimilarity: 0.5, denseWeight: 1 })
    expect((await explained('pottery', {}, byRank)).mergedBy).toBe('ranks')
  })

  it('It tells where the time went', async () => {
    const slow = app.openAnother({
      rerank: {
        rank: async ({ courses }) => (await wait(60), courses.map(({ id }) => ({ id, score: id }))),
      },
    })
    const { timings, hits } = await explained('pottery guitar', {}, slow)
    expect(timings.rerankMs).toBeGreaterThanOrEqual(50)
    expect(timings.embeddingMs).toBeGreaterThan(0)
    expect(timings.denseMs).toBeGreaterThanOrEqual(timings.embeddingMs)
    expect(timings.lexicalMs).toBeGreaterThan(0)
    expect(timings.readingMs).toBeGreaterThan(0)
    expect(timings.fusionMs).toBeGreaterThan(0)
    expect(hits.every(({ legs }) => legs.rerank !== undefined)).toBe(true)
    expect((await explained('pottery guitar')).timings.rerankMs).toBeLessThan(50)
  })

  it('`explain` is true or false, and for searches only', async () => {
    const asked = [
      app.search.search('pottery', { explain: 'yes' as never }),
      app.search.similar(1, { explain: true } as never),
      app.search.count('pottery', { explain: true } as never),
    ]
    for (const answer of asked)
      expect((await answer)._unsafeUnwrapErr()).toMatchObject({ type: 'invalid-input' })
  })
})
