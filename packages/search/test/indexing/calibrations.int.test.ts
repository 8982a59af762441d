import { errAsync, orThrow, ResultAsync, systemClock } from '@headwater/core'
import { hashingEmbedder, inMemoryVectorIndex } from '@headwater/search'
import type { CourseSearchOptions, Embedder, VectorIndex } from '@headwater/search'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { madeUpTexts } from '../../src/indexing/made-up-texts.ts'
import { createCourses } from '../catalogue-fixture.ts'
import { dimensions, openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

const away = {
  type: 'store-unavailable',
  message: 'away',
  retryable: true,
  store: 'openai',
  operation: 'embed',
} as const

/** An embedder of which nothing is known, and what it was asked for. */
class Unknown {
  readonly queries: string[] = []
  isAway = false
  isBroken = false
  /** Answers in place of the embedder when it is measured. */
  whenMeasured: (() => ReturnType<Embedder['embed']>) | undefined
  readonly embedder: Embedder

  constructor() {
    const hashing = hashingEmbedder({ dimensions })
    this.embedder = {
      profile: { model: 'unknown', dimensions },
      embed: (texts, options) => {
        if (options?.purpose === 'query') this.queries.push(...texts)
        if (this.whenMeasured !== undefined && texts[0] === madeUpTexts[0])
          return this.whenMeasured()
        if (this.isBroken && texts.some((text) => madeUpTexts.includes(text)))
          throw new Error('not these texts')
        return this.isAway && options?.purpose === 'query' ? errAsync(away) : hashing.embed(texts)
      },
    }
  }

  /** How often the texts without a meaning were embedded. */
  get measurements(): number {
    return this.queries.filter((text) => text === madeUpTexts[0]).length
  }
}

describe('similarities of which nothing is known', () => {
  let app: SearchFixture
  let index: VectorIndex
  let unknown: Unknown
  let aheadMs = 0
  const given = { minSimilarity: 0.1, denseWeight: 1 }
  const open = (options: Partial<CourseSearchOptions> = {}) =>
    app.openAnother({ index, embedder: unknown.embedder, ...options })
  const kept = async (): Promise<unknown[]> =>
    orThrow(
      await app.stores.postgres.query(
        'SELECT courses, typical, floor FROM @schema.search_calibration',
        [],
      ),
    ).rows

  beforeAll(async () => {
    app = await openSearchFixture({
      connect: (options) => ({
        ...options,
        redis: { ...options.redis, deadlineMs: 10_000 },
        clock: { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs },
      }),
    })
    // A calibration is read and kept within a time that a busy machine may take.
    const query = app.stores.postgres.query.bind(app.stores.postgres)
    vi.spyOn(app.stores.postgres, 'query').mockImplementation(
      (text: string, values?: readonly unknown[]) => query(text, values),
    )
    await createCourses(app, 12)
  })
  beforeEach(async () => {
    index = inMemoryVectorIndex({ dimensions })
    unknown = new Unknown()
    orThrow(await app.stores.postgres.query('TRUNCATE @schema.search_calibration', []))
  })
  afterAll(() => app.dispose())

  it('The first courses that are indexed are measured, and no process measures them again', async () => {
    const { id } = await app.publish({ title: 'Glassblowing' })
    expect(orThrow(await open().index.indexCourse(id))).toBe('stored')
    expect(unknown.measurements).toBe(1)
    expect(await kept()).toMatchObject([{ courses: 1 }])
    expect(orThrow(await open().search('glassblowing at home')).mode).toBe('hybrid')
    expect(unknown.queries.slice(madeUpTexts.length)).toEqual(['glassblowing at home'])
  })

  it('The first search over an index of an earlier release measures it', async () => {
    orThrow(await open(given).index.reindexAll())
    expect([unknown.measurements, await kept()]).toEqual([0, []])
    const found = orThrow(await open().search('course subject qwrtzp'))
    expect(found).toMatchObject({ mode: 'hybrid', degraded: [] })
    expect(unknown.measurements).toBe(1)
    expect(await kept()).toHaveLength(1)
    expect(orThrow(await open().search('zzyzx bkkq')).hits).toEqual([])
    expect(unknown.measurements).toBe(1)
  })

  it('An index that fills course by course is measured whenever it has doubled', async () => {
    const { index: own } = open()
    for (const _ of Array.from({ length: 9 })) {
      const { id } = await app.publish({ title: 'Weaving' })
      orThrow(await own.indexCourse(id))
    }
    // At 1, 2, 4 and 8 courses.
    expect(unknown.measurements).toBe(4)
    expect(await kept()).toMatchObject([{ courses: 8 }])
  })

  it('Reindexing measures again when it has changed something', async () => {
    const search = open()
    orThrow(await search.index.reindexAll())
    orThrow(await search.index.reindexAll())
    expect(unknown.measurements).toBe(1)
    orThrow(await search.index.calibrate())
    expect(unknown.measurements).toBe(2)
  })

  it('A ranking that is given is obeyed: nothing is measured', async () => {
    const search = open(given)
    orThrow(await search.index.reindexAll())
    const found = orThrow(await search.search('course of another kind'))
    expect(found.hits[0]?.score).toBeLessThan(2 / 60)
    expect(unknown.measurements).toBe(0)
  })

  it('While nothing can be measured words answer alone, and the next search makes up for it', async () => {
    const search = open(given)
    orThrow(await search.index.reindexAll())
    unknown.isAway = true
    const fresh = open()
    expect(orThrow(await fresh.search('course subject two'))).toMatchObject({
      mode: 'lexical',
      degraded: [{ leg: 'dense', reason: 'store-unavailable' }],
    })
    unknown.isAway = false
    expect(orThrow(await fresh.search('course subject two'))).toMatchObject({
      mode: 'hybrid',
      degraded: [],
    })
  })

  it('An embedder that throws when it is measured costs its leg, and breaks no search', async () => {
    orThrow(await open(given).index.reindexAll())
    unknown.isBroken = true
    const search = open()
    expect(orThrow(await search.search('course subject three'))).toMatchObject({
      mode: 'lexical',
      degraded: [{ leg: 'dense', reason: 'store-unavailable' }],
    })
    const { id } = await app.publish({ title: 'Lace' })
    expect(orThrow(await search.index.indexCourse(id))).toBe('stored')
  })

  it('A floor that is given holds also while nothing can be measured', async () => {
    orThrow(await open(given).index.reindexAll())
    unknown.whenMeasured = () => errAsync(away)
    const search = open({ minSimilarity: 0.1 })
    expect(orThrow(await search.search('course subject four'))).toMatchObject({
      mode: 'hybrid',
      degraded: [],
    })
  })

  it('A delivery that is aborted while the index is measured returns what it has stored', async () => {
    const { id } = await app.publish({ title: 'Felting' })
    const delivery = new AbortController()
    unknown.whenMeasured = () => {
      delivery.abort()
      return new ResultAsync(Promise.withResolvers<never>().promise)
    }
    const outcomes = await open().index.sync([id], { signal: delivery.signal })
    expect(outcomes.get(id)?.unwrapOr('unchanged')).toBe('stored')
  })

  it('Courses that only change have it measured as often as there are courses, not each time', async () => {
    const { index: own } = open()
    const ids: number[] = []
    for (const title of ['Carving', 'Turning']) ids.push((await app.publish({ title })).id)
    for (const id of ids) orThrow(await own.indexCourse(id))
    expect(unknown.measurements).toBe(2)
    const measurements: number[] = []
    for (const change of [1, 2, 3, 4, 5]) {
      const id = ids[change % 2] ?? 0
      orThrow(await app.courses.update(id, { title: `Carving ${change}` }))
      expect(orThrow(await own.indexCourse(id))).toBe('stored')
      measurements.push(unknown.measurements)
    }
    expect(measurements).toEqual([2, 3, 3, 4, 4])
  })

  it('A process that knows what PostgreSQL has lost keeps it there, and measures nothing', async () => {
    const search = open()
    orThrow(await search.index.reindexAll())
    const before = await kept()
    orThrow(await app.stores.postgres.query('TRUNCATE @schema.search_calibration', []))
    aheadMs += 61_000
    orThrow(await search.search('course that is lost'))
    await eventually(async () => {
      expect(await kept()).toEqual(before)
    })
    expect(unknown.measurements).toBe(1)
  })

  it('Courses that are not in the index yet have nothing measured', async () => {
    const search = open()
    const { id } = await app.publish({ title: 'Smithing' })
    orThrow(await search.index.indexCourse(id))
    orThrow(
      await app.stores.postgres.query(
        "UPDATE @schema.search_calibration SET measured_at = now() - interval '2 minutes'",
        [],
      ),
    )
    let sizes = 0
    const stats = index.stats.bind(index)
    index.stats = (options) => {
      sizes += 1
      return stats(options)
    }
    aheadMs += 61_000
    orThrow(await search.search('course to come'))
    await eventually(() => expect(sizes).toBe(1))
    orThrow(await search.search('smithing'))
    expect(unknown.measurements).toBe(1)
  })

  it('Where PostgreSQL has no table for it, each process measures for itself', async () => {
    const rename = async (from: string, to: string) =>
      orThrow(await app.stores.postgres.query(`ALTER TABLE @schema.${from} RENAME TO ${to}`, []))
    await rename('search_calibration', 'search_calibration_away')
    try {
      for (const processes of [1, 2]) {
        const search = open()
        orThrow(await search.index.reindexAll())
        expect(orThrow(await search.search(`course ${processes}`)).mode).toBe('hybrid')
        expect(unknown.measurements).toBe(processes)
      }
    } finally {
      await rename('search_calibration_away', 'search_calibration')
    }
  })

  it('A catalogue that others have doubled is measured again, and no search waits for that', async () => {
    const search = open()
    const { id } = await app.publish({ title: 'The only one' })
    orThrow(await search.index.indexCourse(id))
    expect(await kept()).toMatchObject([{ courses: 1 }])
    orThrow(await open(given).index.reindexAll())
    orThrow(
      await app.stores.postgres.query(
        "UPDATE @schema.search_calibration SET measured_at = now() - interval '2 minutes'",
        [],
      ),
    )
    orThrow(await search.search('course before'))
    expect(unknown.measurements).toBe(1)
    aheadMs += 61_000
    orThrow(await search.search('course after'))
    await eventually(() => expect(unknown.measurements).toBe(2))
    await eventually(async () => {
      expect(await kept()).not.toMatchObject([{ courses: 1 }])
    })
  })

  it('A process that cannot measure again goes on with what was measured before', async () => {
    const search = open()
    orThrow(await search.index.reindexAll())
    orThrow(
      await app.stores.postgres.query(
        "UPDATE @schema.search_calibration SET courses = 1, measured_at = now() - interval '2 minutes'",
        [],
      ),
    )
    orThrow(await search.search('course one more'))
    unknown.isAway = true
    aheadMs += 61_000
    expect(orThrow(await search.search('course two more')).mode).toBe('lexical')
    await eventually(() => expect(unknown.measurements).toBe(2))
    unknown.isAway = false
    expect(orThrow(await search.search('course yet one more')).mode).toBe('hybrid')
  })
})
