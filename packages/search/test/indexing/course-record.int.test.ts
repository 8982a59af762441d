import { orThrow } from '@headwater/core'
import type { VectorMetadata } from '@headwater/search'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSearchFixture } from '../search-fixture.ts'
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
      language: 'de-at',
      price: '29.90',
      maxStudents: 3,
    })
    await app.sync()
    expect(await metadataOf(course.id)).toEqual({
      course_id: course.id,
      title: 'Game design',
      category: 'Design',
      difficulty: 'beginner',
      language: 'de-AT',
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
      'language',
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
    expect(await metadataOf(id)).toMatchObject({ price: 5 })
    orThrow(await app.courses.unpublish(id))
    outcomes.push(orThrow(await app.search.index.indexCourse(id)))
    expect(outcomes).toEqual(['unchanged', 'stored', 'updated', 'removed'])
  })
})
