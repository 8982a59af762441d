import { errAsync, okAsync, orThrow, ResultAsync } from '@headwater/core'
import type { OutboxEvent } from '@headwater/core'
import { hashingEmbedder, inMemoryVectorIndex } from '@headwater/search'
import type {
  CourseSearch,
  Embedder,
  VectorIndex,
  VectorIndexError,
  VectorMetadata,
  VectorRecord,
} from '@headwater/search'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dimensions, openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

const digest = expect.stringMatching(/^[0-9a-f]{32}$/) as string

describe('the index', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture()
  })
  afterAll(() => app.dispose())

  const metadataOf = async (id: number): Promise<VectorMetadata | undefined> =>
    orThrow(await app.index.fetch([`course_${id}`])).get(`course_${id}`)?.metadata
  const callsOf = async (
    work: () => Promise<unknown>,
  ): Promise<{ embeddings: number; upserts: number; updates: number }> => {
    const count = () => ({
      embeddings: app.openai.inputCount(),
      upserts: app.pinecone.requestCount('/vectors/upsert'),
      updates: app.pinecone.requestCount('/vectors/update'),
    })
    const before = count()
    await work()
    const after = count()
    return {
      embeddings: after.embeddings - before.embeddings,
      upserts: after.upserts - before.upserts,
      updates: after.updates - before.updates,
    }
  }

  it('The record of a published course has the metadata for filters and for its version', async () => {
    const course = await app.publish({
      title: 'Game design',
      description: 'Rules and play.',
      category: 'Design',
      difficulty: 'beginner',
      price: '29.90',
      maxStudents: 3,
    })
    await app.sync()
    expect(await metadataOf(course.id)).toEqual({
      course_id: course.id,
      title: 'Game design',
      category: 'Design',
      difficulty: 'beginner',
      instructor_id: course.instructorId,
      price: 29.9,
      enrollment_count: 0,
      has_places: true,
      version: 2,
      hash: digest,
      generation: digest,
    })
  })

  it('The record of a course leaves out what the course does not have', async () => {
    const { id } = await app.publish({ title: 'Bare' })
    await app.sync()
    expect(Object.keys((await metadataOf(id)) ?? {}).sort()).toEqual([
      'course_id',
      'enrollment_count',
      'generation',
      'has_places',
      'hash',
      'instructor_id',
      'price',
      'title',
      'version',
    ])
  })

  it('The index has no record of an unpublished course', async () => {
    const { id, instructorId } = await app.publish({ title: 'Published' })
    const draft = orThrow(await app.courses.create({ title: 'Draft', instructorId, price: '1' }))
    await app.sync()
    expect(await metadataOf(id)).toBeDefined()
    expect(await metadataOf(draft.id)).toBeUndefined()
  })

  it('A course is embedded again only when its text changes', async () => {
    const course = await app.publish({ title: 'Piano', description: 'Scales and chords.' })
    await app.sync()
    const calls = await callsOf(async () => {
      orThrow(await app.courses.update(course.id, { price: '12.34', maxStudents: 9 }))
      await app.sync()
    })
    expect(calls).toEqual({ embeddings: 0, upserts: 0, updates: 1 })
    expect(await metadataOf(course.id)).toMatchObject({ price: 12.34, version: 3 })
    const before = await metadataOf(course.id)
    expect(
      await callsOf(async () => {
        orThrow(
          await app.courses.update(course.id, { description: 'Scales, chords and arpeggios.' }),
        )
        await app.sync()
      }),
    ).toEqual({ embeddings: 1, upserts: 1, updates: 0 })
    expect((await metadataOf(course.id))?.['hash']).not.toBe(before?.['hash'])
  })

  it('The index learns at once when the last seat is taken or free again, without embedding anything', async () => {
    const course = await app.publish({ title: 'Small class', maxStudents: 1 })
    await app.sync()
    const student = orThrow(
      await app.repositories.users.create({
        email: 's@example.com',
        username: 's',
        passwordHash: 'x'.repeat(60),
      }),
    )
    const calls = await callsOf(async () => {
      orThrow(
        await app.repositories.enrollments.enroll({ userId: student.id, courseId: course.id }),
      )
      await app.sync()
      expect(await metadataOf(course.id)).toMatchObject({
        has_places: false,
        enrollment_count: 1,
        version: course.version,
      })
      orThrow(
        await app.repositories.enrollments.withdraw({ userId: student.id, courseId: course.id }),
      )
      await app.sync()
      expect(await metadataOf(course.id)).toMatchObject({ has_places: true, enrollment_count: 0 })
    })
    expect(calls).toEqual({ embeddings: 0, upserts: 0, updates: 2 })
  })

  it('The number of students is written at most once a minute per course', async () => {
    const course = await app.publish({ title: 'Large class' })
    await app.sync()
    const calls = await callsOf(async () => {
      for (const name of ['a', 'b', 'c']) {
        const student = orThrow(
          await app.repositories.users.create({
            email: `${name}@example.com`,
            username: name,
            passwordHash: 'x'.repeat(60),
          }),
        )
        orThrow(
          await app.repositories.enrollments.enroll({ userId: student.id, courseId: course.id }),
        )
        await app.sync()
      }
    })
    expect(calls).toEqual({ embeddings: 0, upserts: 0, updates: 0 })
  })

  it('An unpublished or deleted course leaves the index, and returns when it is published again', async () => {
    const [one, other] = [
      await app.publish({ title: 'One' }),
      await app.publish({ title: 'Other' }),
    ]
    await app.sync()
    expect([await metadataOf(one.id), await metadataOf(other.id)]).not.toContain(undefined)
    orThrow(await app.courses.unpublish(one.id))
    orThrow(await app.courses.delete(other.id))
    await app.sync()
    expect([await metadataOf(one.id), await metadataOf(other.id)]).toEqual([undefined, undefined])
    orThrow(await app.courses.publish(one.id))
    await app.sync()
    expect(await metadataOf(one.id)).toMatchObject({ title: 'One', version: 4 })
  })

  it('indexCourse brings one course in sync and returns its effect', async () => {
    const { id } = await app.publish({ title: 'By hand' })
    await app.sync()
    const outcomes = []
    outcomes.push(orThrow(await app.search.index.indexCourse(id)))
    orThrow(await app.search.index.unindexCourse(id))
    expect(await metadataOf(id)).toBeUndefined()
    outcomes.push(orThrow(await app.search.index.indexCourse(id)))
    orThrow(await app.courses.update(id, { price: '5.00' }))
    outcomes.push(orThrow(await app.search.index.indexCourse(id)))
    orThrow(await app.courses.unpublish(id))
    outcomes.push(orThrow(await app.search.index.indexCourse(id)))
    expect(outcomes).toEqual(['unchanged', 'stored', 'updated', 'removed'])
  })
})

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
    expect([app.openai.requestCount(), app.openai.inputCount()]).toEqual([
      before[0]! + 1,
      before[1]! + 30,
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
      await eventually(async () => {
        expect(orThrow(await deliver(search, ...ids.map((id) => event(id))))).toEqual({
          failed: [],
        })
      })
      expect(await idsOf(app.index)).toEqual(
        expect.arrayContaining(ids.map((id) => `course_${id}`)),
      )
    },
  )

  it('The sink sets aside the one course whose text is refused and indexes the others', async () => {
    const index = inMemoryVectorIndex({ dimensions })
    const [good = 0, bad = 0, better = 0] = await publishMany(app, 3)
    orThrow(await app.courses.update(bad, { title: 'Poison' }))
    const search = app.openAnother({ index, embedder: refusing('Poison') })
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

/** An embedder of a service that refuses every request in which this word occurs. */
function refusing(word: string): Embedder {
  const embedder = hashingEmbedder({ dimensions })
  return {
    profile: embedder.profile,
    embed: (texts) =>
      texts.some((text) => text.includes(word))
        ? errAsync({
            type: 'store-refused',
            message: 'refused',
            retryable: false,
            store: 'openai',
            operation: 'embed',
            code: '400',
          })
        : embedder.embed(texts),
  }
}

/** An index whose next upsert waits, and which remembers what was stored in which order. */
class PausingIndex {
  readonly index: VectorIndex
  readonly titles: unknown[] = []
  #pause: Promise<void> | undefined
  #reached: () => void = () => undefined

  constructor(inner: VectorIndex = inMemoryVectorIndex({ dimensions })) {
    const upsert = (records: readonly VectorRecord[]): ResultAsync<void, VectorIndexError> => {
      const pause = this.#pause ?? Promise.resolve()
      this.#pause = undefined
      this.#reached()
      return ResultAsync.fromSafePromise(pause).andThen(() => {
        this.titles.push(...records.map(({ metadata }) => metadata['title']))
        return inner.upsert(records)
      })
    }
    this.index = {
      dimensions: inner.dimensions,
      upsert,
      query: (...given) => inner.query(...given),
      fetch: (...given) => inner.fetch(...given),
      updateMetadata: (...given) => inner.updateMetadata(...given),
      delete: (...given) => inner.delete(...given),
      list: (...given) => inner.list(...given),
      stats: (...given) => inner.stats(...given),
    }
  }

  /** Holds the next upsert back; `reached` resolves when it has come. */
  pauseNext(): { reached: Promise<void>; resume: () => void } {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.#pause = promise
    const reached = new Promise<void>((resolve) => {
      this.#reached = resolve
    })
    return {
      reached,
      resume: () => {
        resolve(undefined)
      },
    }
  }
}

describe('a writer', () => {
  const pausing = new PausingIndex()
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture({
      search: { index: pausing.index, embedder: hashingEmbedder({ dimensions }) },
    })
  })
  afterAll(() => app.dispose())

  it('A paused writer that was overtaken writes the current row again', async () => {
    const { id } = await app.publish({ title: 'Old title' })
    const slow = app.openAnother({
      index: pausing.index,
      embedder: hashingEmbedder({ dimensions }),
    })
    const { reached, resume } = pausing.pauseNext()
    const late = slow.index.indexCourse(id)
    await reached
    orThrow(await app.courses.update(id, { title: 'New title' }))
    orThrow(await app.search.index.indexCourse(id))
    resume()
    orThrow(await late)
    expect(pausing.titles).toEqual(['New title', 'Old title', 'New title'])
    expect(
      orThrow(await pausing.index.fetch([`course_${id}`])).get(`course_${id}`)?.metadata['title'],
    ).toBe('New title')
  })

  it('A writer removes a course that was unpublished while it wrote', async () => {
    const { id } = await app.publish({ title: 'Soon gone' })
    const { reached, resume } = pausing.pauseNext()
    const late = app.search.index.indexCourse(id)
    await reached
    orThrow(await app.courses.unpublish(id))
    resume()
    expect(orThrow(await late)).toBe('removed')
    expect(orThrow(await pausing.index.fetch([`course_${id}`])).size).toBe(0)
  })
})
