import { orThrow, rebuild, resync, type ResyncReport } from '@headwater/core'
import {
  hashingEmbedder,
  inMemoryVectorIndex,
  type CourseSearch,
  type OpenIndex,
  type VectorIndex,
} from '@headwater/search'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createCourses } from '../catalogue-fixture.ts'
import { dimensions, openSearchFixture, type SearchFixture } from '../search-fixture.ts'

let app: SearchFixture
let ids: number[]
let index: VectorIndex

beforeAll(async () => {
  index = inMemoryVectorIndex({ dimensions })
  app = await openSearchFixture({ search: { index, embedder: hashingEmbedder({ dimensions }) } })
  ids = await createCourses(app, 20)
  orThrow(await app.search.index.reindexAll())
})
afterAll(() => app.dispose())

const countsOf = (report: ResyncReport) =>
  (report.parts.find(({ part }) => part === 'search-index')?.findings ?? []).map(
    ({ count, outcome }) => [outcome, count],
  )

it('After a restore, vectors without a row are removed and those of other texts written again', async () => {
  const [ghost = 0, stale = 0] = ids
  const at = new Date()
  const restore = { restoredTo: at, openedAt: at, parts: app.search.resyncables }
  await app.stores.postgres.client.query('DELETE FROM @schema.courses WHERE id = $1', [ghost])
  await app.stores.postgres.client.query(
    "UPDATE @schema.courses SET title = 'Another text', version = version + 1 WHERE id = $1",
    [stale],
  )
  const plan = orThrow(await resync(app.stores, restore))
  expect(countsOf(plan)).toEqual([
    ['removed', 1],
    ['repaired', 1],
  ])
  expect(orThrow(await app.search.index.verify()).isInSync).toBe(false)
  const applied = orThrow(await resync(app.stores, { ...restore, apply: true }))
  expect(countsOf(applied)).toEqual(countsOf(plan))
  expect(orThrow(await app.search.index.verify()).isInSync).toBe(true)
})

it('An index that was lost whole is filled again', async () => {
  orThrow(await index.delete(ids.map((id) => `course_${id}`)))
  const lost = { store: 'pinecone', parts: app.search.resyncables } as const
  const report = orThrow(await rebuild(app.stores, { ...lost, apply: true }))
  expect(countsOf(report)).toEqual([
    ['removed', 0],
    ['repaired', 19],
  ])
  expect(orThrow(await app.search.index.verify())).toMatchObject({ isInSync: true, records: 19 })
})

it('A generation whose embedder a process does not have is named, and a plan registers none', async () => {
  const indexes = new Map<string, VectorIndex>()
  const open: OpenIndex = ({ name, profile }) => {
    const opened = indexes.get(name) ?? inMemoryVectorIndex({ dimensions: profile.dimensions })
    indexes.set(name, opened)
    return opened
  }
  const process = (model: string): CourseSearch => {
    const embedder = hashingEmbedder({ dimensions: 64 })
    const profile = { model, dimensions: 64 }
    return app.openAnother({ index: open, embedder: { ...embedder, profile } })
  }
  const names = async () =>
    orThrow(
      await app.stores.postgres.query<{ name: string }>(
        'SELECT name FROM @schema.search_generation ORDER BY created_at',
      ),
    ).rows.map(({ name }) => name)
  orThrow(await process('old').index.reindexAll())
  const [old = ''] = await names()
  const lost = { store: 'pinecone', parts: process('new').resyncables } as const
  const plan = orThrow(await rebuild(app.stores, lost))
  expect(await names()).toEqual([old])
  expect(countsOf(plan)).toEqual([
    ['removed', 0],
    ['repaired', 19],
    ['not-known', undefined],
  ])
  expect(plan.parts[0]?.findings.at(-1)?.what).toContain(old)
  const applied = orThrow(await rebuild(app.stores, { ...lost, apply: true }))
  expect(countsOf(applied)).toEqual(countsOf(plan))
  expect(await names()).toHaveLength(2)
})
