import { errAsync, okAsync, orThrow } from '@headwater/core'
import { inMemoryVectorIndex } from '@headwater/search'
import type { Embedder, SearchFilterOptions, VectorIndex } from '@headwater/search'
import { indexOver } from '../../catalogue-fixture.ts'
import { openSearchFixture } from '../../search-fixture.ts'
import type { SearchFixture } from '../../search-fixture.ts'

/** The similarity that the tests' embedder gives a course, by a mark in its description. */
const marked = /similarity (\d+)/

/** An embedder by which a course has the similarity to every query that its description names. */
function markedEmbedder(): Embedder {
  return {
    profile: { model: 'marked', dimensions: 3 },
    embed: (texts, { purpose } = {}) =>
      okAsync(texts.map((text) => (purpose === 'query' ? ofQuery(text) : ofCourse(text)))),
  }
}

/** Texts that mean nothing are a little like every course. */
function ofQuery(text: string): number[] {
  return text.includes('pottery') || text.includes('quartz') ? [1, 0, 0] : [0.2, 0, 0.98]
}

function ofCourse(text: string): number[] {
  const similarity = Number(marked.exec(text)?.[1] ?? 0) / 100
  return [similarity, Math.sqrt(1 - similarity ** 2), 0]
}

/** A course as the tests know it, whatever a store says. */
export interface KnownCourse {
  readonly id: number
  readonly title: string
  readonly similarity: number
  readonly state: 'published' | 'unpublished' | 'deleted'
  readonly category: string
  readonly price: number
}

export interface ExplainedCatalogue extends SearchFixture {
  readonly known: ReadonlyMap<number, KnownCourse>
  /** The courses that the index found since this was last emptied. */
  readonly near: Set<number>
}

const titles = [
  'Pottery on the Wheel',
  'Wheel Pottery',
  'Pottery and Glaze',
  'Glaze of the Wheel',
  'Sailing',
  'Astronomy',
  'The Guitar',
]
const states = ['published', 'published', 'unpublished', 'published', 'deleted'] as const

/**
 * 42 courses of 7 titles. After they were indexed, some were unpublished, deleted or moved to
 * another category or price, and the index was not told.
 */
export async function openExplainedCatalogue(): Promise<ExplainedCatalogue> {
  const near = new Set<number>()
  const inner = inMemoryVectorIndex({ dimensions: 3 })
  const index: VectorIndex = {
    ...indexOver(inner, (records) => inner.upsert(records)),
    query: (...asked) =>
      inner.query(...asked).map((found) => {
        for (const { id } of found) near.add(Number(id.replace('course_', '')))
        return found
      }),
  }
  const app = await openSearchFixture({ search: { index, embedder: markedEmbedder() } })
  const known = new Map<number, KnownCourse>()
  for (let number = 0; number < 42; number += 1) {
    const course = await publishOne(app, number)
    known.set(course.id, course)
  }
  orThrow(await app.search.index.reindexAll())
  for (const { id, state, category, price } of known.values()) {
    orThrow(await app.courses.update(id, { category, price: price.toFixed(2) }))
    if (state === 'unpublished') orThrow(await app.courses.unpublish(id))
    if (state === 'deleted') orThrow(await app.courses.delete(id))
  }
  near.clear()
  return { ...app, known, near }
}

async function publishOne(app: SearchFixture, number: number): Promise<KnownCourse> {
  const title = titles[number % titles.length] ?? ''
  const similarity = ((number * 37) % 90) + 5
  const { id } = await app.publish({
    title,
    description: `similarity ${similarity}`,
    category: 'Art',
    price: '10.00',
  })
  return {
    id,
    title,
    similarity: similarity / 100,
    state: states[number % states.length] ?? 'published',
    category: number % 4 === 3 ? 'Crafts' : 'Art',
    price: number % 3 === 2 ? 30 : 10 + (number % 2),
  }
}

/** The filters that a course fails, as the tests know it. */
export function failedBy(course: KnownCourse, filters: SearchFilterOptions): string[] {
  return [
    ...(filters.category !== undefined && filters.category !== course.category ? ['category'] : []),
    ...(filters.maxPrice !== undefined && Number(filters.maxPrice) < course.price
      ? ['maxPrice']
      : []),
  ]
}

/** An index that is away. */
export function awayIndex(): VectorIndex {
  const away = {
    type: 'store-unavailable',
    message: 'the index is away',
    retryable: true,
    store: 'pinecone',
    operation: 'query',
  } as const
  const inner = inMemoryVectorIndex({ dimensions: 3 })
  return { ...indexOver(inner, () => errAsync(away)), query: () => errAsync(away) }
}
