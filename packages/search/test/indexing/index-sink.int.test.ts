import { okAsync, orThrow } from '@headwater/core'
import type { OutboxEvent } from '@headwater/core'
import { hashingEmbedder, inMemoryVectorIndex } from '@headwater/search'
import type { CourseSearch, VectorIndex } from '@headwater/search'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { madeUpTexts } from '../../src/indexing/made-up-texts.ts'
import { refusingEmbedder } from '../catalogue-fixture.ts'
import { dimensions, openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

describe('the sink', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture()
  })
  afterAll(() => app.dispose())

  const event = (courseId: number | string, aggregateType = 'course'): OutboxEvent => ({
    id: `event-${courseId}`,
    seq: 1n,
    aggregateType,
    aggregateId: String(courseId),
    type: 'course.updated',
    version: 1,
    payload: {},
    headers: {},
    createdAt: new Date(),
  })
  const deliver = (search: CourseSearch, ...events: OutboxEvent[]) =>
    search.sinks[0]?.handle(events, { signal: new AbortController().signal, fence: () => 1n }) ??
    okAsync(undefined)
  const idsOf = async (index: VectorIndex): Promise<readonly string[]> =>
    orThrow(await index.list()).ids

  it('The sink embeds all new courses of a batch in one call', async () => {
    const courses = await publishMany(app, 30)
    const before = [app.openai.requestCount(), app.openai.inputCount()]
    expect(orThrow(await deliver(app.search, ...courses.map((id) => event(id))))).toEqual({
      failed: [],
    })
    // One call more measures an index that was empty.
    expect([app.openai.requestCount(), app.openai.inputCount()]).toEqual([
      before[0]! + 2,
      before[1]! + 30 + madeUpTexts.length,
    ])
  })

  it('Events delivered again after a crash before the acknowledgement have no effect', async () => {
    const [id = 0] = await publishMany(app, 1)
    app.pinecone.faults.loseNextReply({ route: '/upsert', times: 3 })
    const crashed = await deliver(app.openAnother(), event(id))
    expect(crashed.isErr() && crashed.error).toMatchObject({ type: 'sink-failed', retryable: true })
    app.pinecone.faults.restore()
    const written = orThrow(await app.index.fetch([`course_${id}`]))
    expect(written.size).toBe(1)
    const embedded = app.openai.inputCount()
    expect(orThrow(await deliver(app.openAnother(), event(id)))).toEqual({ failed: [] })
    expect(app.openai.inputCount()).toBe(embedded)
    expect(orThrow(await app.index.fetch([`course_${id}`]))).toEqual(written)
  })

  it('The sink stores the vector of the current text though the index shows writes late', async () => {
    const [id = 0] = await publishMany(app, 1)
    const vectorOf = async (): Promise<readonly number[] | undefined> =>
      orThrow(await app.index.fetch([`course_${id}`])).get(`course_${id}`)?.values
    const { title } = orThrow(await app.courses.get(id))!
    orThrow(await deliver(app.search, event(id)))
    const first = await vectorOf()
    app.pinecone.delayConsistency(60_000)
    orThrow(await app.courses.update(id, { title: 'Something else' }))
    orThrow(await deliver(app.search, event(id)))
    expect(await vectorOf()).toEqual(first)
    orThrow(await app.courses.update(id, { title }))
    orThrow(await deliver(app.search, event(id)))
    app.pinecone.delayConsistency(0)
    app.pinecone.settle()
    expect(await vectorOf()).toEqual(first)
    orThrow(await app.courses.update(id, { title: 'Something else' }))
    orThrow(await deliver(app.search, event(id)))
    expect(await vectorOf()).not.toEqual(first)
  })

  const failures = [
    [
      'the embedder',
      '503',
      (target: SearchFixture) => {
        target.openai.faults.failNext({ status: 503, times: 100 })
      },
    ],
    [
      "the embedder's key",
      '401',
      (target: SearchFixture) => {
        target.openai.faults.failNext({ status: 401, times: 100 })
      },
    ],
    [
      'the index',
      '503',
      (target: SearchFixture) => {
        target.pinecone.faults.failNext({ status: 503, times: 100 })
      },
    ],
    [
      "the index's quota",
      '429',
      (target: SearchFixture) => {
        target.pinecone.faults.failNext({ status: 429, retryAfterSeconds: 100, times: 100 })
      },
    ],
  ] as const
  it.each(failures)(
    'The sink asks for the whole batch again when %s fails (%s), and loses nothing',
    async (_, __, fail) => {
      const ids = await publishMany(app, 2)
      fail(app)
      const search = app.openAnother()
      const failed = await deliver(search, ...ids.map((id) => event(id)))
      expect(failed.isErr() && failed.error).toMatchObject({ retryable: true })
      app.openai.faults.restore()
      app.pinecone.faults.restore()
      await eventually(
        async () => {
          expect(orThrow(await deliver(search, ...ids.map((id) => event(id))))).toEqual({
            failed: [],
          })
        },
        { timeoutMs: 120_000 },
      )
      expect(await idsOf(app.index)).toEqual(
        expect.arrayContaining(ids.map((id) => `course_${id}`)),
      )
    },
  )

  it('The sink sets aside the one course whose text is refused and indexes the others', async () => {
    const index = inMemoryVectorIndex({ dimensions })
    const [good = 0, bad = 0, better = 0] = await publishMany(app, 3)
    orThrow(await app.courses.update(bad, { title: 'Poison' }))
    const search = app.openAnother({
      index,
      embedder: refusingEmbedder(hashingEmbedder({ dimensions }), 'Poison'),
    })
    const report = orThrow(
      await deliver(
        search,
        event(good),
        event(bad),
        event(better),
        event(77, 'user'),
        event('nonsense'),
      ),
    )
    expect(report?.failed.map(({ id, failure }) => [id, failure.retryable])).toEqual([
      [`event-${bad}`, false],
      ['event-77', false],
      ['event-nonsense', false],
    ])
    expect(JSON.stringify(report)).not.toContain('Poison')
    expect(await idsOf(index)).toEqual([`course_${good}`, `course_${better}`].sort())
  })

  it('The sink takes a batch without events', async () => {
    expect(orThrow(await deliver(app.search))).toEqual({ failed: [] })
  })
})

async function publishMany(app: SearchFixture, count: number): Promise<number[]> {
  const ids: number[] = []
  for (let number = 0; number < count; number += 1)
    ids.push((await app.publish({ title: `Course ${number} of ${count}` })).id)
  return ids
}
