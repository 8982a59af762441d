import { migrate, orThrow, type Stores } from '@headwater/core'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import {
  createCourseSearch,
  highlightHtml,
  openaiEmbedder,
  searchMigrations,
  type CourseSearch,
  type CourseSearchOptions,
  type Rerank,
  type SearchOptions,
} from '@headwater/search'

export async function findCourses(stores: Stores, apiKey: string, userId: number) {
  const { courses, activity } = createRepositories(stores)

  orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  const embedder = openaiEmbedder({ apiKey })
  const search = createCourseSearch(stores, { courses, activity, embedder })

  const filters = { category: 'AI/ML', maxPrice: '100', userId }
  const { hits, nextCursor, searchId } = orThrow(await search.search('machine lerning', filters))
  if (nextCursor !== null)
    orThrow(await search.search('machine lerning', { ...filters, cursor: nextCursor }))
  const [best] = hits
  if (best !== undefined) orThrow(search.recordClick(searchId, best.course.id, best.rank))
  orThrow(await search.similar(5, { limit: 4 }))
  orThrow(await search.suggest('mach'))
  orThrow(await search.suggestQueries('mach'))

  const sorted = { ...filters, sort: 'price-ascending' } as const
  const { hits: cheapest } = orThrow(await search.search('machine learning', sorted))
  const { total, isExact, category } = orThrow(await search.count('machine learning', filters))

  const bread = { title: 'Brot backen', language: 'de', instructorId: 1, price: '20.00' }
  orThrow(await courses.create(bread))
  orThrow(await search.search('Brot für Anfänger', { language: ['de', 'de-AT'] }))
  return [cheapest.length, total, isExact, category.length]
}

export async function highlightSearch(search: CourseSearch, filters: SearchOptions) {
  const marks = { ...filters, highlights: true } as const
  const page = orThrow(await search.search('machine lerning', marks))
  const titles = page.hits.map(({ course, highlights }) =>
    highlightHtml(course.title, highlights?.title ?? []),
  )
  return titles
}

export async function explainSearch(search: CourseSearch, filters: SearchOptions) {
  const asked = { ...filters, explain: true } as const
  const { hits: found, explanation } = orThrow(await search.search('machine lerning', asked))
  const above = explanation?.hits.filter(({ tier }) => tier === 'all-words')
  const missing = explanation?.dropped.find(({ courseId }) => courseId === 5)?.reason
  return [found.length, above?.length, missing]
}

export async function suggestedQueries(stores: Stores, options: CourseSearchOptions) {
  const search = createCourseSearch(stores, {
    ...options,
    querySuggestions: { minUsers: 5, days: 90, blocked: ['exam answers'] },
  })
  const queries = orThrow(await search.suggestQueries('mach', { limit: 5 }))
  return queries.map(({ query }) => query)
}

export function rerankedSearch(stores: Stores, options: CourseSearchOptions, rank: Rerank) {
  return createCourseSearch(stores, { ...options, rerank: { rank, top: 50, deadlineMs: 1_000 } })
}

export function wordsOfTheHost(stores: Stores, options: CourseSearchOptions) {
  return createCourseSearch(stores, {
    ...options,
    synonyms: { js: ['javascript'], ml: ['machine learning'], framework: { finds: ['react'] } },
    pins: [{ query: 'python', courseIds: [5, 7] }],
  })
}

export function localEmbedder(apiKey: string) {
  const embedder = openaiEmbedder({
    apiKey,
    baseURL: 'http://localhost:11434/v1',
    model: 'multilingual-e5-large',
    dimensions: 1024,
    marks: { query: { prefix: 'query: ' }, document: { prefix: 'passage: ' } },
  })
  return embedder
}
