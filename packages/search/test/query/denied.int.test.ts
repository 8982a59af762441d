import { orThrow } from '@headwater/core'
import { courseTemplate, hashingEmbedder, openaiEmbedderDefaults } from '@headwater/search'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Course } from '@headwater/repositories'
import { generationOf } from '../../src/indexing/course-document.ts'
import { CourseWriter } from '../../src/indexing/course-writer.ts'
import { dimensions, openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

describe('what PostgreSQL denies', () => {
  let app: SearchFixture
  let pottery: Course
  let glazing: Course
  beforeAll(async () => {
    app = await openSearchFixture()
  })
  beforeEach(async () => {
    pottery = await app.publish({
      title: 'Pottery on the wheel',
      category: 'Art',
      difficulty: 'beginner',
      price: '40.00',
      maxStudents: 5,
    })
    glazing = await app.publish({
      title: 'Pottery glazing',
      category: 'Art',
      difficulty: 'beginner',
      price: '60.00',
      maxStudents: 5,
    })
    await app.sync()
  })
  afterAll(() => app.dispose())

  const idsOf = async (options = {}): Promise<readonly number[]> =>
    (await app.find('pottery', { limit: 50, ...options })).hits.map(({ course }) => course.id)
  const wasCached = async (options = {}): Promise<boolean> =>
    (await app.find('pottery', { limit: 50, ...options })).isCached

  const changes = [
    ['unpublished', (id: number) => app.courses.unpublish(id).map(() => undefined)],
    ['deleted', (id: number) => app.courses.delete(id)],
  ] as const
  it.each(changes)(
    'A course that was %s is not found, though the index and a cached result still have it',
    async (_, change) => {
      expect(await idsOf()).toEqual(expect.arrayContaining([pottery.id, glazing.id]))
      expect(await wasCached()).toBe(true)
      orThrow(await change(pottery.id))
      expect(orThrow(await app.index.fetch([`course_${pottery.id}`])).size).toBe(1)
      expect(await wasCached()).toBe(true)
      expect(await idsOf()).not.toContain(pottery.id)
      expect(await idsOf()).toContain(glazing.id)
      await app.sync()
      expect(orThrow(await app.index.fetch([`course_${pottery.id}`])).size).toBe(0)
    },
  )

  const filterChanges = [
    ['category', { category: 'Art' }, { category: 'Crafts' }],
    ['difficulty', { difficulty: 'beginner' }, { difficulty: 'advanced' }],
    ['language', { language: ['en', 'de'] }, { language: 'en-GB' }],
    ['price, upwards', { maxPrice: '50' }, { price: '50.01' }],
    ['price, downwards', { minPrice: 40 }, { price: '39.99' }],
    ['number of places', { hasSeats: true }, { maxStudents: 0 }],
  ] as const
  it.each(filterChanges)(
    'A course that has just left a filter by %s is not found with it',
    async (_, filter, change) => {
      expect(await idsOf(filter)).toContain(pottery.id)
      orThrow(await app.courses.update(pottery.id, change))
      expect(await wasCached(filter)).toBe(true)
      expect(await idsOf(filter)).not.toContain(pottery.id)
      expect(await idsOf()).toContain(pottery.id)
    },
  )

  it('A course is shown as it is now, in a cached result too', async () => {
    await idsOf()
    orThrow(await app.courses.update(pottery.id, { title: 'Pottery for two', price: '45.00' }))
    const { hits, isCached } = await app.find('pottery', { limit: 50 })
    expect(isCached).toBe(true)
    expect(hits.find(({ course }) => course.id === pottery.id)?.course).toMatchObject({
      title: 'Pottery for two',
      price: '45.00',
    })
  })

  it('A page is filled with the next courses, however many are denied', async () => {
    const many: Course[] = []
    for (let number = 0; number < 60; number += 1)
      many.push(await app.publish({ title: 'Juggling', category: 'Circus' }))
    await app.sync()
    const last = many.at(-1)!
    for (const { id } of many.slice(0, -1)) orThrow(await app.courses.unpublish(id))
    expect((await app.find('juggling', { limit: 10 })).hits.map(({ course }) => course.id)).toEqual(
      [last.id],
    )
  })
})

describe('what was published', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture()
  })
  afterAll(() => app.dispose())

  it('A published course is found as soon as the index has it, though a result without it was cached', async () => {
    expect(await app.titles('quantum computing')).toEqual([])
    const before = await app.publish({ title: 'Quantum computing' })
    expect(await app.find('quantum computing')).toMatchObject({ hits: [], isCached: true })
    await app.sync()
    const found = await app.find('quantum computing')
    expect(found).toMatchObject({ isCached: false, hits: [{ course: { id: before.id } }] })
  })

  it('A course is found by its new text after a change', async () => {
    const { id } = await app.publish({ title: 'Knitting' })
    await app.sync()
    expect(await app.titles('crochet')).not.toContain('Knitting')
    orThrow(await app.courses.update(id, { title: 'Crochet' }))
    await app.sync()
    expect((await app.titles('crochet'))[0]).toBe('Crochet')
  })

  it('A course is found though its indexing process ended before it could invalidate the cached results', async () => {
    expect(await app.titles('numismatics')).toEqual([])
    const course = await app.publish({ title: 'Numismatics' })
    const name = generationOf({ model: openaiEmbedderDefaults.model, dimensions })
    const ended = new CourseWriter({
      ...app,
      generation: {
        name,
        embedder: hashingEmbedder({ dimensions }),
        template: courseTemplate,
        index: app.index,
      },
    })
    orThrow(
      (await ended.write([course.id], new Map([[course.id, course]]), {})).outcomes.get(course.id)!,
    )
    expect(await app.find('numismatics')).toMatchObject({ hits: [], isCached: true })
    await app.sync()
    expect(await app.titles('numismatics')).toEqual(['Numismatics'])
  })

  it('An enrollment invalidates no cached result until the last seat is taken', async () => {
    const course = await app.publish({ title: 'Falconry', maxStudents: 3 })
    await app.sync()
    const isCached = async (): Promise<boolean> =>
      (await app.find('falconry', { hasSeats: true })).isCached
    const indexInAnotherProcess = async (): Promise<unknown> =>
      orThrow(await app.openAnother().index.indexCourse(course.id))
    const enroll = async (username: string): Promise<void> => {
      const student = orThrow(
        await app.repositories.users.create({
          email: `${username}@example.com`,
          username,
          passwordHash: 'x'.repeat(60),
        }),
      )
      orThrow(
        await app.repositories.enrollments.enroll({ userId: student.id, courseId: course.id }),
      )
    }
    await eventually(isCached)
    await enroll('first')
    expect(await indexInAnotherProcess()).toBe('updated')
    expect(await isCached()).toBe(true)
    await enroll('second')
    await enroll('third')
    expect(await indexInAnotherProcess()).toBe('updated')
    await eventually(async () => expect(await isCached()).toBe(false))
  })

  it('Users share a cached result, and other filters have another one', async () => {
    await app.publish({ title: 'Origami', category: 'Art' })
    await app.sync()
    const isCached = async (options: object): Promise<boolean> =>
      (await app.find('origami', options)).isCached
    expect(await isCached({ category: 'Art', minPrice: 1, userId: 1 })).toBe(false)
    expect(await isCached({ minPrice: '1.00', category: 'Art', userId: 2 })).toBe(true)
    expect(await isCached({ minPrice: 1, category: 'Art', limit: 3 })).toBe(true)
    expect(await isCached({ category: 'Art', minPrice: 2 })).toBe(false)
    expect(await isCached({ category: 'Maths', minPrice: 1 })).toBe(false)
  })
})
