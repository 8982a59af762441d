import { orThrow } from '@headwater/core'
import type { VectorIdPage, VectorIndex } from '@headwater/search'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { VectorIndexBench, idsOf } from './vector-index-bench.ts'
import type { VectorIndexUnderTest } from './vector-index-bench.ts'
import { filterTests } from './vector-index-filters.ts'
import { refusalTests } from './vector-index-refusals.ts'

export type { VectorIndexUnderTest } from './vector-index-bench.ts'

/**
 * Defines the tests that every `VectorIndex` must pass. Call it in a Vitest test file; it calls
 * `create` before each test.
 *
 * @example
 * ```ts
 * vectorIndexContract('PineconeIndex', async () => ({ index: pineconeIndex({ … }), dispose: async
 * () => {} }))
 * ```
 */
export function vectorIndexContract(
  name: string,
  create: () => Promise<VectorIndexUnderTest>,
): void {
  describe(`${name} as a vector index`, () => {
    let subject: VectorIndexUnderTest
    beforeEach(async () => {
      subject = await create()
    })
    afterEach(() => subject.dispose())
    const bench = new VectorIndexBench(() => subject)
    queryTests(bench)
    filterTests(bench)
    upsertTests(bench)
    updateTests(bench)
    deleteTests(bench)
    listTests(bench)
    refusalTests(bench)
  })
}

function queryTests(bench: VectorIndexBench): void {
  it('A vector index returns the nearest records first, with their cosine similarity and metadata', async () => {
    await bench.store(
      bench.record('far', 120, { title: 'Far' }),
      bench.record('near', 10, { title: 'Near' }),
      bench.record('middle', 60),
    )
    const matches = await bench.near(0)
    expect(idsOf(matches)).toEqual(['near', 'middle', 'far'])
    const expected = [10, 60, 120].map((degrees) => Math.cos((degrees * Math.PI) / 180))
    for (const [rank, score] of expected.entries())
      expect(matches[rank]?.score).toBeCloseTo(score, 4)
    expect(matches.map(({ metadata }) => metadata)).toEqual([
      { title: 'Near' },
      {},
      { title: 'Far' },
    ])
  })

  it('A vector index scores by direction, not by length', async () => {
    const long = bench.record('long', 30)
    await bench.store(
      { ...long, values: long.values.map((value) => value * 50) },
      bench.record('short', 20),
    )
    expect(idsOf(await bench.near(0))).toEqual(['short', 'long'])
  })

  it('A vector index returns at most topK records, and all of them when there are fewer', async () => {
    await bench.store(bench.record('a', 10), bench.record('b', 20), bench.record('c', 30))
    expect(idsOf(await bench.near(0, { topK: 2 }))).toEqual(['a', 'b'])
    expect(idsOf(await bench.near(0, { topK: 10_000 }))).toEqual(['a', 'b', 'c'])
  })

  it('A vector index finds nothing in an empty index', async () => {
    expect(await bench.near(0)).toEqual([])
    expect((await bench.fetched('a')).size).toBe(0)
    expect(orThrow(await bench.index.list())).toEqual({ ids: [], nextCursor: null })
    expect(orThrow(await bench.index.stats())).toEqual({ recordCount: 0 })
  })
}

function upsertTests(bench: VectorIndexBench): void {
  it('A vector index returns stored records and leaves absent ids out', async () => {
    const metadata = {
      title: 'Café, 日本語 & "quotes" 🎨',
      price: 19.99,
      open: false,
      tags: ['a', 'b'],
    }
    await bench.store(bench.record('course_1', 33, metadata), bench.record('course_2', 66))
    const records = await bench.fetched('course_1', 'absent', 'course_2')
    expect([...records.keys()].sort()).toEqual(['course_1', 'course_2'])
    expect(records.get('course_1')).toMatchObject({ id: 'course_1', metadata })
    expect(records.get('course_2')?.metadata).toEqual({})
    const [stored, sent] = [records.get('course_1')?.values ?? [], bench.at(33)]
    expect(stored).toHaveLength(sent.length)
    for (const [place, value] of sent.entries()) expect(stored[place]).toBeCloseTo(value, 5)
  })

  it('A vector index replaces a record whole: vector and metadata', async () => {
    await bench.store(bench.record('a', 10, { title: 'Old', price: 5 }))
    await bench.store(bench.record('a', 80, { title: 'New' }))
    const [match, ...others] = await bench.near(80)
    expect(match).toMatchObject({ id: 'a', metadata: { title: 'New' } })
    expect(match?.metadata).not.toHaveProperty('price')
    expect(match?.score).toBeCloseTo(1, 4)
    expect(others).toEqual([])
  })

  it('A vector index stores 1,000 records in one call', async () => {
    const records = Array.from({ length: 1000 }, (_, number) =>
      bench.record(`course_${number}`, number * 0.09, { number }),
    )
    await bench.store(...records)
    expect(orThrow(await bench.index.stats())).toEqual({ recordCount: 1000 })
    expect(idsOf(await bench.near(0, { topK: 3 }))).toEqual(['course_0', 'course_1', 'course_2'])
    const ids = records.map(({ id }) => id)
    expect([...(await bench.fetched(...ids)).keys()].sort()).toEqual([...ids].sort())
    orThrow(await bench.index.delete(ids))
    await bench.settle()
    expect(orThrow(await bench.index.stats())).toEqual({ recordCount: 0 })
  })

  it('A vector index accepts empty batches', async () => {
    await bench.store()
    expect((await bench.fetched()).size).toBe(0)
    expect((await bench.index.delete([])).isOk()).toBe(true)
  })

  it('A vector index accepts ids with every ASCII character that is special in URLs or patterns', async () => {
    const ids = [
      'a b',
      'a/b',
      'a?b=c&d',
      'a#b',
      'a%20b',
      'a+b',
      "a'b",
      'a"b',
      'a\\b',
      'a_b',
      'a%b',
      '..',
      'x'.repeat(512),
    ]
    await bench.store(...ids.map((id, place) => bench.record(id, place)))
    expect([...(await bench.fetched(...ids)).keys()].sort()).toEqual([...ids].sort())
    expect(orThrow(await bench.index.list({ prefix: 'a%' })).ids).toEqual(['a%20b', 'a%b'])
    expect(orThrow(await bench.index.list({ prefix: 'a_' })).ids).toEqual(['a_b'])
    orThrow(await bench.index.updateMetadata('a?b=c&d', { seen: true }))
    orThrow(await bench.index.delete(['a/b', 'a%20b', '..']))
    await bench.settle()
    const left = await bench.fetched(...ids)
    expect(left.get('a?b=c&d')?.metadata).toEqual({ seen: true })
    expect(left.size).toBe(ids.length - 3)
  })
}

function updateTests(bench: VectorIndexBench): void {
  it('A vector index sets metadata of one record and keeps its other metadata and its vector', async () => {
    await bench.store(
      bench.record('a', 10, { title: 'A', price: 5 }),
      bench.record('b', 20, { title: 'B', price: 5 }),
    )
    orThrow(await bench.index.updateMetadata('a', { price: 7, seats: 3 }))
    await bench.settle()
    const matches = await bench.near(10)
    expect(matches.map(({ metadata }) => metadata)).toEqual([
      { title: 'A', price: 7, seats: 3 },
      { title: 'B', price: 5 },
    ])
    expect(matches[0]?.score).toBeCloseTo(1, 4)
    expect(idsOf(await bench.near(0, { filter: { op: 'eq', key: 'price', value: 5 } }))).toEqual([
      'b',
    ])
  })

  it('A vector index leaves an absent record absent without an error', async () => {
    orThrow(await bench.index.updateMetadata('absent', { price: 1 }))
    await bench.settle()
    expect((await bench.fetched('absent')).size).toBe(0)
    expect(orThrow(await bench.index.stats())).toEqual({ recordCount: 0 })
  })
}

function deleteTests(bench: VectorIndexBench): void {
  it('A vector index removes records by id repeatedly, including absent ones and from an empty index', async () => {
    expect((await bench.index.delete(['absent'])).isOk()).toBe(true)
    await bench.store(bench.record('a', 10), bench.record('b', 20), bench.record('c', 30))
    for (const ids of [['a', 'absent'], ['a'], ['b', 'a']]) orThrow(await bench.index.delete(ids))
    await bench.settle()
    expect(idsOf(await bench.near(0))).toEqual(['c'])
    expect(orThrow(await bench.index.list())).toEqual({ ids: ['c'], nextCursor: null })
  })

  it('A vector index stores a record again after it was removed', async () => {
    await bench.store(bench.record('a', 10, { title: 'Old' }))
    orThrow(await bench.index.delete(['a']))
    await bench.store(bench.record('a', 10))
    expect((await bench.fetched('a')).get('a')?.metadata).toEqual({})
  })
}

function listTests(bench: VectorIndexBench): void {
  it('A vector index pages through all ids of a prefix in order, each once', async () => {
    const ids = Array.from({ length: 23 }, (_, number) => `course_${number}`)
    await bench.store(...['user_1', ...ids].map((id) => bench.record(id, 10)))
    const pages = await pagesOf(bench.index, { prefix: 'course_', limit: 10 })
    expect(pages.map((page) => page.length)).toEqual([10, 10, 3])
    expect(pages.flat()).toEqual([...ids].sort())
  })

  it('A vector index ends without an empty page and returns 100 ids per page by default', async () => {
    await bench.store(...Array.from({ length: 200 }, (_, number) => bench.record(`r${number}`, 10)))
    expect((await pagesOf(bench.index, {})).map((page) => page.length)).toEqual([100, 100])
  })
}

async function pagesOf(
  index: VectorIndex,
  options: { prefix?: string; limit?: number },
): Promise<(readonly string[])[]> {
  const pages: (readonly string[])[] = []
  let cursor: string | null = null
  do {
    const page: VectorIdPage = orThrow(
      await index.list({ ...options, ...(cursor === null ? {} : { cursor }) }),
    )
    pages.push(page.ids)
    cursor = page.nextCursor
  } while (cursor !== null && pages.length < 100)
  return pages
}
