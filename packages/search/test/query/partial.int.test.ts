import { orThrow } from '@headwater/core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'
import { spoil } from './spoilt-statements.ts'

const [isCorrection, isSearch, isTitles] = [
  'pg_trgm.similarity_threshold',
  'AS has_all',
  'SELECT course.title',
].map(
  (part) =>
    (statement: string): boolean =>
      statement.includes(part),
)

describe('a misspelt search whose corrections fail', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture({ search: { legDeadlineMs: 2_000 } })
    await app.publish({ title: 'Machine Learning Fundamentals' })
    await app.publish({ title: 'Sewing machine repair' })
    await app.sync()
    await app.find('machine lurning')
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })
  afterAll(() => app.dispose())

  let searches = 0
  const isSecondSearch = (statement: string): boolean => {
    if (isSearch?.(statement) === true) searches += 1
    return isSearch?.(statement) === true && searches > 1
  }
  const failures = [
    ['the corrections fail', isCorrection, 'SELECT 1 / 0', 'machine lerning'],
    ['the corrections are late', isCorrection, 'SELECT pg_sleep(60)', 'machine learnimg'],
    ['the corrected search fails', isSecondSearch, 'SELECT 1 / 0', 'machine leaning'],
    ['the corrected search is late', isSecondSearch, 'SELECT pg_sleep(60)', 'machine larning'],
    ['the titles fail', isTitles, 'SELECT 1 / 0', 'machine learningg'],
  ] as const
  it.each(failures)(
    'When %s, the result is not cached, and the failure is told',
    async (_, isSpoilt, statement, query) => {
      searches = 0
      if (isSpoilt !== undefined) spoil(app, { isSpoilt, statement })
      const said: unknown[] = []
      const stop = app.stores.diagnostics.on('search:degraded', ({ leg }) => said.push(leg))
      const found = await app.find(query)
      stop()
      expect(found).toMatchObject({ mode: 'hybrid', isCached: false, degraded: [] })
      expect(said).toEqual(['lexical'])
      vi.restoreAllMocks()
      expect(await app.find(query)).toMatchObject({
        isCached: false,
        didYouMean: 'machine learning',
        hits: [{ course: { title: 'Machine Learning Fundamentals' } }, {}],
      })
      expect(await app.find(query)).toMatchObject({ isCached: true })
    },
  )

  const refusals = [
    ['the corrections are', isCorrection, 'machin lerning'],
    ['the corrected search is', isSecondSearch, 'machin leaning'],
    ['the titles are', isTitles, 'machin learningg'],
  ] as const
  it.each(refusals)(
    'When %s refused whatever they ask, the result is cached, for a minute',
    async (_, isSpoilt, query) => {
      searches = 0
      if (isSpoilt !== undefined) spoil(app, { isSpoilt, statement: 'SELECT no_such_function()' })
      const before = new Set(await lives())
      expect(await app.find(query)).toMatchObject({ isCached: false, degraded: [] })
      expect(await app.find(query)).toMatchObject({ isCached: true, degraded: [] })
      const stored = (await lives()).filter(
        ([key]) => ![...before].some(([known]) => known === key),
      )
      expect(stored).toHaveLength(1)
      // A value outlives its time by five minutes, for when PostgreSQL is away.
      for (const [, lifeMs] of stored) expect(lifeMs).toBeLessThanOrEqual(360_000)
    },
  )

  /** The rankings in Redis, with the time that each has left. */
  const lives = async (): Promise<(readonly [string, number])[]> => {
    const { redis } = app.stores
    const keys = await redis.run('test', (client) => client.keys(`${redis.keyPrefix}search:*`))
    return Promise.all(
      orThrow(keys).map(
        async (key) => [key, orThrow(await redis.run('test', (one) => one.pTTL(key)))] as const,
      ),
    )
  }
})
