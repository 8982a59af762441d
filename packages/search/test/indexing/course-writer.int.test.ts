import { createRelay, orThrow } from '@headwater/core'
import { hashingEmbedder, inMemoryVectorIndex } from '@headwater/search'
import { eventually } from '@headwater/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CourseStatuses } from '../../src/indexing/course-status.ts'
import { madeUpTexts } from '../../src/indexing/made-up-texts.ts'
import { createCourses, refusingEmbedder } from '../catalogue-fixture.ts'
import { dimensions, openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

const legDeadlineMs = 5_000
/** What a search may take on a busy machine when a leg uses up its deadline. */
const patienceMs = legDeadlineMs + 20_000

describe('a course that was changed while the way to the index is disturbed', () => {
  let app: SearchFixture
  beforeEach(async () => {
    app = await openSearchFixture({ search: { legDeadlineMs } })
  })
  afterEach(() => app.dispose())

  const restore = (): void => {
    app.pinecone.faults.restore()
    app.openai.faults.restore()
    app.openai.answerDimensions(undefined)
  }

  const disturbances: readonly [string, (target: SearchFixture) => void][] = [
    [
      'the index answers 503',
      ({ pinecone }) => {
        pinecone.faults.failNext({ status: 503, times: 1_000 })
      },
    ],
    [
      'the index answers 429',
      ({ pinecone }) => {
        pinecone.faults.failNext({ status: 429, retryAfterSeconds: 1, times: 1_000 })
      },
    ],
    [
      'the index hangs',
      ({ pinecone }) => {
        pinecone.faults.hang()
      },
    ],
    [
      'the index loses its replies',
      ({ pinecone }) => {
        pinecone.faults.loseNextReply({ times: 1_000 })
      },
    ],
    [
      'the embedder answers 503',
      ({ openai }) => {
        openai.faults.failNext({ status: 503, times: 1_000 })
      },
    ],
    [
      'the embedder answers 429',
      ({ openai }) => {
        openai.faults.failNext({ status: 429, retryAfterSeconds: 1, times: 1_000 })
      },
    ],
    [
      'the embedder hangs',
      ({ openai }) => {
        openai.faults.hang()
      },
    ],
    [
      'the embedder answers vectors of another length',
      ({ openai }) => {
        openai.answerDimensions(16)
      },
    ],
  ]
  it.each(disturbances)(
    'A changed course is pending when %s, found by words until then, and synced afterwards',
    async (_, disturb) => {
      const { id } = await app.publish({ title: 'Undisturbed' })
      await app.sync()
      expect(orThrow(await app.search.index.status(id)).state).toBe('synced')
      disturb(app)
      const relay = createRelay(app.stores, { sinks: app.search.sinks })
      relay.start()
      orThrow(await app.courses.update(id, { title: 'Disturbed' }))
      const startedMs = performance.now()
      const found = orThrow(await app.search.search('disturbed'))
      expect(performance.now() - startedMs).toBeLessThan(patienceMs)
      expect(found.hits.map(({ course }) => course.title)).toContain('Disturbed')
      expect(orThrow(await app.search.index.status(id))).toMatchObject({
        state: 'pending',
        version: 3,
        indexedVersion: 2,
      })
      restore()
      await eventually(
        async () => {
          expect(orThrow(await app.search.index.status(id)).state).toBe('synced')
        },
        { timeoutMs: 120_000 },
      )
      await eventually(async () => {
        expect(orThrow(await app.search.index.verify()).isInSync).toBe(true)
      })
      orThrow(await relay.stop({ deadlineMs: 60_000 }))
    },
  )

  it('The half of a batch that is not refused is stored, and the refused courses are named', async () => {
    const index = inMemoryVectorIndex({ dimensions })
    const ids = await createCourses(app, 20)
    const refused = ids.filter((_, place) => place % 2 === 1)
    for (const id of refused) orThrow(await app.courses.update(id, { title: `Poison ${id}` }))
    const search = app.openAnother({
      index,
      embedder: refusingEmbedder(hashingEmbedder({ dimensions }), 'Poison'),
    })
    const report = orThrow(await search.index.reindexAll())
    expect(report).toMatchObject({ counts: { stored: 10 } })
    expect(
      report.failed.map(({ courseId }) => courseId).sort((left, right) => left - right),
    ).toEqual(refused)
    expect(orThrow(await search.index.status(refused[0] ?? 0))).toMatchObject({
      state: 'failed',
      reason: 'store-refused (400)',
    })
  })

  it('The rest of a batch is stored when the index refuses one record', async () => {
    const ids = await createCourses(app, 8)
    const inner = inMemoryVectorIndex({ dimensions })
    const refusing = Object.assign(Object.create(inner) as typeof inner, {
      upsert: ((records, options) =>
        records.some((record) => record.id === `course_${ids[5]}`)
          ? inner.upsert([{ id: '', values: [], metadata: {} }])
          : inner.upsert(records, options)) satisfies typeof inner.upsert,
      fetch: inner.fetch.bind(inner),
      list: inner.list.bind(inner),
      delete: inner.delete.bind(inner),
      updateMetadata: inner.updateMetadata.bind(inner),
      stats: inner.stats.bind(inner),
    })
    const search = app.openAnother({ index: refusing, embedder: hashingEmbedder({ dimensions }) })
    const report = orThrow(await search.index.reindexAll())
    expect(report).toMatchObject({
      counts: { stored: 7 },
      failed: [{ courseId: ids[5], reason: 'invalid-input' }],
    })
  })

  it('A batch is stored though a part was refused, and no text is embedded twice', async () => {
    await createCourses(app, 400)
    const [paid, upserts] = [app.openai.inputCount(), app.pinecone.requestCount('/vectors/upsert')]
    app.pinecone.faults.failNext({ status: 400, route: '/vectors/upsert' })
    expect(orThrow(await app.search.index.reindexAll())).toMatchObject({
      counts: { stored: 400 },
      failed: [],
    })
    expect(app.pinecone.requestCount('/vectors/upsert') - upserts).toBeGreaterThan(2)
    expect(app.openai.inputCount() - paid).toBe(400 + madeUpTexts.length)
    expect(orThrow(await app.search.index.verify())).toMatchObject({
      isInSync: true,
      courses: 400,
      records: 400,
    })
  })

  it('An update of the metadata that the index refused once is made by the next write', async () => {
    const { id } = await app.publish({ title: 'Cheaper soon', price: '50' })
    orThrow(await app.search.index.indexCourse(id))
    orThrow(await app.courses.update(id, { price: '20' }))
    app.pinecone.faults.failNext({ status: 400, route: '/vectors/update' })
    expect((await app.search.index.indexCourse(id))._unsafeUnwrapErr().type).toBe('store-refused')
    expect(orThrow(await app.search.index.indexCourse(id))).toBe('updated')
    expect(orThrow(await app.search.index.verify()).isInSync).toBe(true)
  })

  it('A course is embedded once, however often the index is too busy to take it', async () => {
    const { id } = await app.publish({ title: 'Patient' })
    const paid = app.openai.inputCount()
    app.pinecone.faults.failNext({
      status: 429,
      retryAfterSeconds: 60,
      times: 3,
      route: '/vectors/upsert',
    })
    await eventually(
      async () => {
        expect((await app.search.index.indexCourse(id)).isOk()).toBe(true)
      },
      { timeoutMs: 60_000 },
    )
    // The first course of an index has it measured.
    expect(app.openai.inputCount() - paid).toBe(1 + madeUpTexts.length)
  })

  it('The summary counts courses by state and names those that cannot be indexed', async () => {
    const ids = await createCourses(app, 12)
    const poison = ids.slice(3, 6)
    for (const id of poison) orThrow(await app.courses.update(id, { title: `Poison ${id}` }))
    const { index } = app.openAnother({
      index: inMemoryVectorIndex({ dimensions }),
      embedder: refusingEmbedder(hashingEmbedder({ dimensions }), 'Poison'),
    })
    const counts = async () => {
      const { pending, synced, failed } = orThrow(await index.summary())
      return { pending, synced, failed }
    }
    expect(await counts()).toEqual({ pending: 12, synced: 0, failed: 0 })
    orThrow(await index.reindexAll())
    orThrow(await app.courses.update(ids[0] ?? 0, { title: 'Later' }))
    const draft = await app.publish({ title: 'Hidden' })
    orThrow(await app.courses.unpublish(draft.id))
    expect(await counts()).toEqual({ pending: 1, synced: 8, failed: 3 })
    const { failures } = orThrow(await index.summary({ maxListed: 2 }))
    expect(failures).toMatchObject(
      poison.slice(0, 2).map((courseId) => ({
        courseId,
        state: 'failed',
        version: 2,
        indexedVersion: 2,
        reason: 'store-refused (400)',
      })),
    )
    const rest = orThrow(
      await index.summary({ maxListed: 2, after: failures.at(-1)?.courseId ?? 0 }),
    )
    expect(rest.failures.map(({ courseId }) => courseId)).toEqual(poison.slice(2))
    for (const id of poison) orThrow(await app.courses.update(id, { title: `Remedy ${id}` }))
    expect(await counts()).toEqual({ pending: 4, synced: 8, failed: 0 })
    expect(orThrow(await index.summary()).failures).toEqual([])
    orThrow(await index.reindexAll())
    expect(await counts()).toEqual({ pending: 0, synced: 12, failed: 0 })
  })

  const badSummaryOptions = [
    [{ maxListed: -1 }, 'maxListed'],
    [{ maxListed: 1_001 }, 'maxListed'],
    [{ maxListed: Number.NaN }, 'maxListed'],
    [{ after: -1 }, 'after'],
    [{ after: 2 ** 31 }, 'after'],
  ] as const
  it.each(badSummaryOptions)('A summary with %j is invalid input', async (options, field) => {
    const refused = await app.search.index.summary(options)
    expect(refused.isErr() && refused.error).toMatchObject({ type: 'invalid-input', field })
  })

  it('The status keeps the newest version, however late an older one is recorded', async () => {
    const { id } = await app.publish({ title: 'Now' })
    const statuses = new CourseStatuses(app.stores, 'some-generation')
    orThrow(await statuses.record([{ courseId: id, version: 2 }]))
    orThrow(await statuses.record([{ courseId: id, version: 1, reason: 'store-refused' }]))
    expect(orThrow(await statuses.get(id))).toMatchObject({ state: 'synced', indexedVersion: 2 })
  })

  it('A course is pending until the index has its version, and not-found once it is deleted', async () => {
    const { id } = await app.publish({ title: 'Now' })
    await app.sync()
    orThrow(await app.courses.update(id, { title: 'Later' }))
    await app.sync()
    expect(orThrow(await app.search.index.status(id))).toMatchObject({
      state: 'synced',
      indexedVersion: 3,
    })
    orThrow(await app.courses.unpublish(id))
    expect(orThrow(await app.search.index.status(id)).state).toBe('pending')
    await app.sync()
    expect(orThrow(await app.search.index.status(id))).toMatchObject({
      state: 'synced',
      indexedVersion: 4,
    })
    orThrow(await app.courses.delete(id))
    await app.sync()
    const gone = await app.search.index.status(id)
    expect(gone.isErr() && gone.error.type).toBe('not-found')
    expect(
      orThrow(
        await app.stores.postgres.query('SELECT FROM @schema.search_status WHERE course_id = $1', [
          id,
        ]),
      ).rows,
    ).toEqual([])
  })
})
