import { orThrow } from '@headwater/core'
import { hashingEmbedder, inMemoryVectorIndex } from '@headwater/search'
import type { IndexDifference, ReindexProgress, VectorIndex, VerifyReport } from '@headwater/search'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  countingEmbedder,
  createCourses,
  FaultyIndex,
  refusingEmbedder,
} from '../catalogue-fixture.ts'
import { dimensions, openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

const kindsOf = (differences: readonly IndexDifference[]): string[] =>
  differences.map(({ kind, recordId }) => `${kind} ${recordId}`)
const countsOf = ({
  courses,
  records,
  missing,
  orphaned,
  stale,
  wrongGeneration,
}: VerifyReport) => ({ courses, records, missing, orphaned, stale, wrongGeneration })

describe('the catalogue and the index', () => {
  let app: SearchFixture
  let ids: number[]
  let index: VectorIndex
  const record = (id: number | undefined): string => `course_${id ?? 0}`

  beforeAll(async () => {
    index = inMemoryVectorIndex({ dimensions })
    app = await openSearchFixture({ search: { index, embedder: hashingEmbedder({ dimensions }) } })
    ids = await createCourses(app, 250)
    orThrow(await app.search.index.reindexAll())
  })
  afterEach(async () => {
    orThrow(await app.search.index.repair({ apply: true }))
  })
  afterAll(() => app.dispose())

  it('Catalogue and index are in sync when nothing differs', async () => {
    expect(orThrow(await app.search.index.verify())).toMatchObject({
      isInSync: true,
      isComplete: true,
      courses: 250,
      records: 250,
      coverage: 1,
      differences: [],
    })
  })

  it('Verifying finds 97 of 100 courses missing, whatever their recorded status', async () => {
    orThrow(await index.delete(ids.filter((_, place) => place % 33 !== 0).map(record)))
    const report = orThrow(await app.search.index.verify())
    expect(countsOf(report)).toEqual({
      courses: 250,
      records: 8,
      missing: 242,
      orphaned: 0,
      stale: 0,
      wrongGeneration: 0,
    })
    expect(report.isInSync).toBe(false)
    expect(report.coverage).toBeCloseTo(8 / 250, 5)
    expect(report.differences).toHaveLength(100)
    expect(orThrow(await app.search.index.status(ids[1] ?? 0)).state).toBe('synced')
    expect(orThrow(await app.search.index.repair({ apply: true }))).toMatchObject({
      repaired: 242,
      isComplete: true,
      failed: [],
    })
    expect(orThrow(await app.search.index.verify()).isInSync).toBe(true)
  })

  it('Verifying names every missing, orphaned and stale record and every one of another generation', async () => {
    const [missing, staleText, staleFacts, other] = ids
    orThrow(await index.delete([record(missing)]))
    orThrow(await index.updateMetadata(record(staleText), { hash: 'f'.repeat(32) }))
    orThrow(await index.updateMetadata(record(staleFacts), { price: 1 }))
    orThrow(await index.updateMetadata(record(other), { generation: 'another' }))
    const values = Array.from({ length: dimensions }, (_, place) => (place === 0 ? 1 : 0))
    orThrow(
      await index.upsert([
        { id: 'course_99999999', values, metadata: {} },
        { id: 'course_x', values, metadata: {} },
        { id: 'lesson_1', values, metadata: {} },
      ]),
    )
    const steps: { readonly courses: number; readonly records: number; readonly total: number }[] =
      []
    const note = (step: (typeof steps)[number]) => void steps.push(step)
    const report = orThrow(await app.search.index.verify({ onProgress: note }))
    expect(steps[0]).toEqual({ courses: 100, records: 0, total: 502 })
    expect(steps.at(-1)).toEqual({ courses: 250, records: 251, total: 502 })
    expect(countsOf(report)).toEqual({
      courses: 250,
      records: 251,
      missing: 1,
      orphaned: 2,
      stale: 2,
      wrongGeneration: 1,
    })
    expect(kindsOf(report.differences).sort()).toEqual(
      [
        `missing ${record(missing)}`,
        `stale ${record(staleText)}`,
        `stale ${record(staleFacts)}`,
        `wrong-generation ${record(other)}`,
        'orphaned course_99999999',
        'orphaned course_x',
      ].sort(),
    )
    const plan = orThrow(await app.search.index.repair())
    expect(plan).toMatchObject({ isApplied: false, repaired: 0, isComplete: true })
    expect(plan.differences).toHaveLength(6)
    expect(countsOf(orThrow(await app.search.index.verify()))).toEqual(countsOf(report))
    const interrupted = { apply: true, signal: AbortSignal.abort() }
    expect(orThrow(await app.search.index.repair(interrupted))).toMatchObject({
      ...{ isApplied: true, repaired: 0, isComplete: false },
    })
    expect(orThrow(await app.search.index.repair({ apply: true, limit: 4 }))).toMatchObject({
      ...{ isApplied: true, repaired: 4, isComplete: false },
    })
    const told: unknown[] = []
    const onProgress = (progress: unknown) => told.push(progress)
    expect(orThrow(await app.search.index.repair({ apply: true, onProgress }))).toMatchObject({
      ...{ repaired: 2, isComplete: true },
    })
    expect(told).toEqual([{ done: 2, total: 2 }])
    expect(orThrow(await app.search.index.verify()).isInSync).toBe(true)
    expect(orThrow(await index.fetch(['lesson_1'])).size).toBe(1)
    orThrow(await index.delete(['lesson_1']))
  })

  it('Verifying finds an unpublished or deleted course that is still in the index', async () => {
    const [gone, hidden] = [
      await app.publish({ title: 'Gone' }),
      await app.publish({ title: 'Hidden' }),
    ]
    for (const { id } of [gone, hidden]) orThrow(await app.search.index.indexCourse(id))
    orThrow(await app.courses.delete(gone.id))
    orThrow(await app.courses.unpublish(hidden.id))
    const report = orThrow(await app.search.index.verify())
    expect(kindsOf(report.differences)).toEqual([
      `orphaned ${record(gone.id)}`,
      `orphaned ${record(hidden.id)}`,
    ])
  })

  it.each([0, -1, 1.5, Number.NaN])(
    'A repair with a limit of %s is invalid input',
    async (limit) => {
      const refused = await app.search.index.repair({ apply: true, limit })
      expect(refused.isErr() && refused.error).toMatchObject({
        type: 'invalid-input',
        field: 'limit',
      })
    },
  )

  it('Verifying an unknown generation is invalid input', async () => {
    const refused = await app.search.index.verify({ generation: 'nonsense' })
    expect(refused.isErr() && refused.error).toMatchObject({
      type: 'invalid-input',
      field: 'generation',
    })
  })
})

describe('reindexing', () => {
  let app: SearchFixture
  let ids: number[]
  let faulty: FaultyIndex
  let embedder: ReturnType<typeof countingEmbedder>
  beforeAll(async () => {
    app = await openSearchFixture()
    ids = await createCourses(app, 300)
  })
  beforeEach(() => {
    faulty = new FaultyIndex(inMemoryVectorIndex({ dimensions }))
    embedder = countingEmbedder({ dimensions, maxTexts: 50 })
  })
  afterAll(() => app.dispose())

  it('Reindexing stores every published course, reports progress and fills the requests of the embedder', async () => {
    const { index } = app.openAnother({ index: faulty.index, embedder })
    const progress: ReindexProgress[] = []
    const report = orThrow(
      await index.reindexAll({ fromStart: true, onProgress: (step) => progress.push(step) }),
    )
    expect(report).toMatchObject({
      isComplete: true,
      isResumed: false,
      counts: { stored: 300, updated: 0, unchanged: 0, removed: 0, gone: 0 },
      failed: [],
    })
    expect(embedder.calls).toBe(6)
    expect(progress.map(({ done, total }) => `${done}/${total}`)).toEqual([
      '50/300',
      '100/300',
      '150/300',
      '200/300',
      '250/300',
      '300/300',
    ])
    expect(orThrow(await index.verify()).isInSync).toBe(true)
  })

  it('Reindexing embeds nothing when nothing has changed', async () => {
    const { index } = app.openAnother({ index: faulty.index, embedder })
    orThrow(await index.reindexAll())
    const before = embedder.calls
    expect(orThrow(await index.reindexAll()).counts).toMatchObject({ stored: 0, unchanged: 300 })
    expect(embedder.calls).toBe(before)
  })

  it('Reindexing continues in another process after a failure, and does nothing twice', async () => {
    faulty.failUpsertsAfter(100)
    const failed = await app.openAnother({ index: faulty.index, embedder }).index.reindexAll()
    expect(failed.isErr() && failed.error.type).toBe('store-unavailable')
    faulty.restore()
    const before = embedder.texts
    const report = orThrow(
      await app.openAnother({ index: faulty.index, embedder }).index.reindexAll(),
    )
    expect(report).toMatchObject({ isResumed: true, isComplete: true })
    expect(embedder.texts - before).toBeLessThanOrEqual(200)
    expect(
      orThrow(await app.openAnother({ index: faulty.index, embedder }).index.verify()).isInSync,
    ).toBe(true)
  })

  it('Reindexing pays for no text twice when the index does not take its vector', async () => {
    const { index } = app.openAnother({ index: faulty.index, embedder })
    faulty.failUpsertsAfter(100)
    expect((await index.reindexAll({ fromStart: true })).isErr()).toBe(true)
    faulty.restore()
    expect(orThrow(await index.reindexAll({ fromStart: true }))).toMatchObject({ isComplete: true })
    expect(embedder.texts).toBe(300)
    expect(orThrow(await index.verify()).isInSync).toBe(true)
  })

  it('Reindexing ends at its signal and starts over when asked to', async () => {
    const controller = new AbortController()
    const { index } = app.openAnother({ index: faulty.index, embedder })
    const ended = orThrow(
      await index.reindexAll({
        signal: controller.signal,
        onProgress: () => {
          controller.abort()
        },
      }),
    )
    expect(ended.isComplete).toBe(false)
    const again = orThrow(await index.reindexAll({ fromStart: true }))
    expect(again).toMatchObject({ isResumed: false, isComplete: true })
    expect(again.counts.stored + again.counts.unchanged).toBe(300)
  })

  it('Reindexing that is resumed after the index was lost stores the courses before it too', async () => {
    const controller = new AbortController()
    const { index } = app.openAnother({ index: faulty.index, embedder })
    const onProgress = (): void => {
      controller.abort()
    }
    orThrow(await index.reindexAll({ signal: controller.signal, onProgress, fromStart: true }))
    orThrow(await faulty.index.delete(ids.map((id) => `course_${id}`)))
    expect(orThrow(await index.reindexAll())).toMatchObject({
      isResumed: true,
      isComplete: true,
      counts: { stored: 300 },
    })
    expect(orThrow(await index.verify())).toMatchObject({ isInSync: true, coverage: 1 })
  })

  it('Reindexing removes orphaned records and names the courses that cannot be indexed', async () => {
    const poison = ids[7] ?? 0
    orThrow(await app.courses.update(poison, { title: 'Poison' }))
    const values = Array.from({ length: dimensions }, () => 1)
    orThrow(await faulty.index.upsert([{ id: 'course_88888888', values, metadata: {} }]))
    const { index } = app.openAnother({
      index: faulty.index,
      embedder: refusingEmbedder(embedder, 'Poison'),
    })
    const report = orThrow(await index.reindexAll())
    expect(report).toMatchObject({
      isComplete: true,
      counts: { stored: 299, removed: 1 },
      failed: [{ courseId: poison, reason: 'store-refused' }],
    })
    expect(orThrow(await index.status(poison))).toMatchObject({
      state: 'failed',
      reason: 'store-refused (400)',
    })
    expect(kindsOf(orThrow(await index.verify()).differences)).toEqual([`missing course_${poison}`])
    orThrow(await app.courses.update(poison, { title: 'Remedy' }))
    expect(orThrow(await index.status(poison)).state).toBe('pending')
    expect(orThrow(await index.repair({ apply: true }))).toMatchObject({ repaired: 1 })
    expect(orThrow(await index.status(poison)).state).toBe('synced')
  })
})
