import { okAsync, orThrow } from '@headwater/core'
import { courseTemplate, hashingEmbedder, inMemoryVectorIndex } from '@headwater/search'
import type { CourseSearchOptions, Embedder, VectorIndex } from '@headwater/search'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { createCourses, indexOver } from '../catalogue-fixture.ts'
import { dimensions, openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

const mistake = new TypeError('a mistake of the host, at Course 3')
const embedder = hashingEmbedder({ dimensions })

const throwing = (): never => {
  throw mistake
}

/** An embedder that does something else than embed where a text names the third course. */
function embedderThat(answer: () => unknown): Embedder {
  return {
    ...embedder,
    profile: { ...embedder.profile, model: 'of a host' },
    embed: (texts) =>
      texts.some((text) => text.includes('Course 3'))
        ? (answer() as ReturnType<Embedder['embed']>)
        : embedder.embed(texts),
  }
}

/** An index that does something else than store. */
function indexThat(upsert: () => unknown): VectorIndex {
  return indexOver(
    inMemoryVectorIndex({ dimensions }),
    () => upsert() as ReturnType<VectorIndex['upsert']>,
  )
}

describe('code of the host that throws while courses are indexed', () => {
  let app: SearchFixture
  let ids: readonly number[]
  beforeAll(async () => {
    app = await openSearchFixture()
    ids = await createCourses(app, 5)
  })
  afterAll(() => app.dispose())

  const types = async (options: Partial<CourseSearchOptions>): Promise<readonly string[]> => {
    const search = app.openAnother({
      index: inMemoryVectorIndex({ dimensions }),
      embedder,
      ...options,
    })
    const outcomes = await search.index.sync(ids)
    return ids.map(
      (id) =>
        outcomes.get(id)?.match(
          (outcome) => outcome,
          ({ type }) => type,
        ) ?? 'no outcome',
    )
  }
  const butThird = (type: string): readonly string[] =>
    ['stored', 'stored', 'stored', 'stored', 'stored'].with(2, type)

  test.each([
    ['throws', throwing],
    ['rejects', async () => throwing()],
    ['answers with bare vectors', async () => [[1]]],
    ['answers with no vectors', async () => okAsync(undefined)],
    ['forgets a vector', () => embedder.embed([])],
  ])('An embedder that %s at one course fails it, and the others are stored', async (_, answer) => {
    expect(await types({ embedder: embedderThat(answer) })).toEqual(butThird('store-refused'))
  })

  it('An embedder that throws at all courses looks like an outage, and is not asked for each', async () => {
    let calls = 0
    const embed = (): never => {
      calls += 1
      return throwing()
    }
    expect(await types({ embedder: { ...embedder, embed } })).toEqual(
      ids.map(() => 'store-unavailable'),
    )
    expect(calls).toBeLessThan(10)
  })

  it('An embedder whose sizes of requests are not those of the texts gets all in one', async () => {
    const all = ids.map(() => 'stored')
    for (const sizes of [[1], [2, -1, 4], [0, 5], [2.5, 2.5]])
      expect(await types({ embedder: { ...embedder, batchSizes: () => sizes } })).toEqual(all)
    expect(await types({ embedder: { ...embedder, batchSizes: throwing } })).toEqual(all)
  })

  test.each([
    ['throws', throwing],
    ['rejects', async () => throwing()],
    ['answers with nothing', async () => undefined],
  ])('An index that %s fails the courses', async (_, upsert) => {
    const failed = ids.map(() => 'store-unavailable')
    expect(await types({ index: indexThat(upsert) })).toEqual(failed)
  })

  it('A template that throws fails the course, and the others are stored', async () => {
    const textOf = (course: Parameters<typeof courseTemplate.textOf>[0]): string =>
      course.title === 'Course 3' ? throwing() : courseTemplate.textOf(course)
    const template = { version: 'of a host', textOf }
    expect(await types({ template })).toEqual(butThird('invalid-input'))
    const search = app.openAnother({
      index: inMemoryVectorIndex({ dimensions }),
      embedder,
      template,
    })
    expect(orThrow(await search.index.reindexAll())).toMatchObject({
      counts: { stored: 4 },
      failed: [{ courseId: ids[2], reason: 'invalid-input' }],
    })
    expect(orThrow(await search.index.verify())).toMatchObject({ isInSync: false })
  })

  it('An index that answers reads with nothing fails the courses', async () => {
    const index = {
      ...indexThat(() => okAsync(undefined)),
      fetch: () => okAsync(undefined as never),
    }
    expect(await types({ index })).toEqual(ids.map(() => 'store-unavailable'))
  })

  it('An index that throws when it is queried leaves a search its words', async () => {
    const index = { ...indexThat(throwing), query: throwing }
    const search = app.openAnother({ index, embedder })
    const { mode, degraded, hits } = orThrow(await search.search('course 3'))
    expect(hits[0]?.course.title).toBe('Course 3')
    expect(mode).toBe('lexical')
    expect(degraded).toMatchObject([{ leg: 'dense', reason: 'store-unavailable' }])
  })
})
