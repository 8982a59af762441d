import { createRelay, errAsync, orThrow } from '@headwater/core'
import type { OutboxEvent } from '@headwater/core'
import { hashingEmbedder, inMemoryVectorIndex } from '@headwater/search'
import type {
  CourseSearch,
  CourseSearchOptions,
  Embedder,
  OpenIndex,
  VectorIndex,
} from '@headwater/search'
import { eventually } from '@headwater/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCourses } from '../catalogue-fixture.ts'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

/** An embedder of this name; what it makes is comparable to nothing that another made. */
function model(name: string, dimensions: number): Embedder {
  const embedder = hashingEmbedder({ dimensions })
  return { ...embedder, profile: { model: name, dimensions } }
}

/** Indexes that every process opens by name, as those of a service. */
class Indexes {
  readonly opened = new Map<string, VectorIndex>()
  readonly open: OpenIndex = ({ name, profile }) => {
    const index = this.opened.get(name) ?? inMemoryVectorIndex({ dimensions: profile.dimensions })
    this.opened.set(name, index)
    return index
  }

  async sizes(): Promise<number[]> {
    return Promise.all(
      [...this.opened.values()].map(async (index) => orThrow(await index.stats()).recordCount),
    )
  }
}

const [small, large] = [model('small', 64), model('large', 128)]

describe('generations', () => {
  let app: SearchFixture
  let indexes: Indexes
  let old: CourseSearch
  let now: CourseSearch
  let ids: number[]
  const process = (options: Partial<CourseSearchOptions>): CourseSearch =>
    app.openAnother({ index: indexes.open, ...options })
  const event = (courseId: number): OutboxEvent => ({
    id: `event-${courseId}`,
    seq: 1n,
    aggregateType: 'course',
    aggregateId: String(courseId),
    type: 'course.updated',
    version: 1,
    payload: {},
    headers: {},
    createdAt: new Date(),
  })
  const deliver = async (search: CourseSearch, ...courseIds: number[]) =>
    search.sinks[0]?.handle(courseIds.map(event), {
      signal: new AbortController().signal,
      fence: () => 1n,
    })
  const states = async (): Promise<string[]> =>
    orThrow(await now.index.generations.list()).map((row) => `${row.model} ${row.state}`)
  const modeOf = async (search: CourseSearch, query = 'course subject'): Promise<string> =>
    orThrow(await search.search(query)).mode

  beforeEach(async () => {
    app = await openSearchFixture()
    indexes = new Indexes()
    old = process({ embedder: small })
    ids = await createCourses(app, 40)
    orThrow(await old.index.reindexAll())
    now = process({ embedder: large, former: { embedder: small } })
  })
  afterEach(() => app.dispose())

  it('The first generation is active at once; another is built beside it while both are written', async () => {
    expect(await states()).toEqual(['small active', 'large building'])
    orThrow(await app.courses.update(ids[0] ?? 0, { title: 'Both know it' }))
    expect(orThrow((await deliver(now, ids[0] ?? 0))!)).toEqual({ failed: [] })
    expect(await indexes.sizes()).toEqual([40, 1])
    expect(orThrow(await now.index.verify()).isInSync).toBe(true)
    expect(await modeOf(now)).toBe('hybrid')
  })

  it('A generation is not activated before its index holds the catalogue', async () => {
    const refused = await now.index.generations.activate()
    expect(refused.isErr() && refused.error).toMatchObject({
      type: 'not-covered',
      report: { coverage: 0, missing: 40 },
    })
    expect(await states()).toEqual(['small active', 'large building'])
    orThrow(await now.index.reindexAll())
    orThrow(
      await indexes.opened
        .get(orThrow(await now.index.generations.list())[1]?.name ?? '')!
        .delete([`course_${ids[3]}`]),
    )
    expect((await now.index.generations.activate()).isErr()).toBe(true)
    expect(orThrow(await now.index.generations.activate({ minCoverage: 0.9 }))).toMatchObject({
      report: { missing: 1 },
      repaired: 1,
    })
    expect(await states()).toEqual(['small standby', 'large active'])
  })

  it.each([-0.1, 1.1, Number.NaN])(
    'A generation is not activated with a coverage of %s',
    async (minCoverage) => {
      const refused = await now.index.generations.activate({ minCoverage })
      expect(refused.isErr() && refused.error).toMatchObject({
        type: 'invalid-input',
        field: 'minCoverage',
      })
    },
  )

  it('A cleanup that ended early is completed by the next', async () => {
    orThrow(await now.index.reindexAll())
    orThrow(await now.index.generations.activate())
    const [former] = [...indexes.opened.values()]
    const remove = former!.delete.bind(former)
    Object.assign(former!, {
      delete: () =>
        errAsync({
          type: 'store-unavailable',
          message: 'away',
          retryable: true,
          store: 'pinecone',
          operation: 'delete',
        }),
    })
    expect((await now.index.generations.cleanup()).isErr()).toBe(true)
    expect(await states()).toEqual(['small retired', 'large active'])
    orThrow((await deliver(now, ids[0] ?? 0))!)
    Object.assign(former!, { delete: remove })
    expect(orThrow(await now.index.generations.cleanup())).toEqual({ removed: 40 })
    expect(await states()).toEqual(['large active'])
  })

  it('Every process switches generations within a second, and back', async () => {
    const [smallIndex, largeIndex] = [...indexes.opened.values()]
    const asked: string[] = []
    for (const [name, index] of [
      ['small', smallIndex],
      ['large', largeIndex],
    ] as const)
      spyOnQueries(index, () => asked.push(name))
    const expectAsked = async (search: CourseSearch, name: string): Promise<void> => {
      asked.length = 0
      orThrow(await search.search(`question ${performance.now()}`))
      expect(asked).toEqual([name])
    }
    orThrow(await now.index.reindexAll())
    const other = await eventually(async () => {
      const fresh = process({ embedder: large, former: { embedder: small } })
      await expectAsked(fresh, 'small')
      return fresh
    })
    await eventually(
      async () => {
        if ((await states()).includes('large active')) {
          orThrow(await now.index.generations.rollback())
          await eventually(() => expectAsked(other, 'small'))
        }
        orThrow(await now.index.generations.activate())
        const switchedMs = performance.now()
        await eventually(() => expectAsked(other, 'large'))
        expect(performance.now() - switchedMs).toBeLessThan(5_000)
      },
      { timeoutMs: 120_000 },
    )
    orThrow(await app.courses.update(ids[0] ?? 0, { title: 'Changed during the switch' }))
    orThrow((await deliver(now, ids[0] ?? 0))!)
    orThrow(await now.index.generations.rollback())
    expect(await states()).toEqual(['small active', 'large standby'])
    expect(orThrow(await now.index.verify()).isInSync).toBe(true)
  })

  it('A standby generation is removed with its vectors and not written again', async () => {
    orThrow(await now.index.reindexAll())
    orThrow(await now.index.generations.activate())
    const refused = await now.index.generations.cleanup({
      generation:
        orThrow(await now.index.generations.list()).find(({ state }) => state === 'active')?.name ??
        '',
    })
    expect(refused.isErr() && refused.error.type).toBe('invalid-input')
    expect(orThrow(await now.index.generations.cleanup())).toEqual({ removed: 40 })
    expect(await states()).toEqual(['large active'])
    orThrow(await app.courses.update(ids[0] ?? 0, { title: 'Only one knows it' }))
    orThrow((await deliver(now, ids[0] ?? 0))!)
    expect(await indexes.sizes()).toEqual([0, 40])
    expect((await now.index.generations.rollback()).isErr()).toBe(true)
  })

  it('A process without the active embedder searches by words and acknowledges no course event', async () => {
    const alone = await eventually(async () => {
      const fresh = process({ embedder: large })
      expect(orThrow(await fresh.search('course subject'))).toMatchObject({
        mode: 'lexical',
        degraded: [{ leg: 'dense', reason: 'unknown-generation' }],
      })
      return fresh
    })
    const failed = await deliver(alone, ids[0] ?? 0)
    expect(failed?.isErr() && failed.error).toMatchObject({ type: 'sink-failed', retryable: true })
    orThrow(await alone.index.reindexAll())
    orThrow(await alone.index.generations.activate())
    expect(orThrow((await deliver(alone, ids[0] ?? 0))!)).toEqual({ failed: [] })
    await eventually(async () => {
      expect(await modeOf(alone, `course ${performance.now()}`)).toBe('hybrid')
    })
    expect((await deliver(old, ids[0] ?? 0))?.isErr()).toBe(true)
  })

  it('Generations differ by the template of the embedded text as well', async () => {
    const titles = { version: 'titles', textOf: ({ title }: { readonly title: string }) => title }
    const other = process({ embedder: small, template: titles, former: { embedder: small } })
    orThrow(await other.index.reindexAll())
    orThrow(await other.index.generations.activate())
    expect(orThrow(await other.index.verify())).toMatchObject({ isInSync: true, courses: 40 })
    expect(
      orThrow(await other.index.generations.list()).map(
        ({ template, state }) => `${template} ${state}`,
      ),
    ).toContain('titles active')
  })

  it('Generations switch under load without a difference and without a failed search', async () => {
    const relay = createRelay(app.stores, { sinks: now.sinks })
    relay.start()
    let isDone = false
    const edits = (async () => {
      for (let number = 0; !isDone; number += 1) {
        const id = ids[number % ids.length] ?? 0
        orThrow(await (number % 7 === 3 ? app.courses.unpublish(id) : app.courses.publish(id)))
        orThrow(await app.courses.update(id, { title: `Edited ${number}` }))
      }
    })()
    const searches = (async () => {
      for (let number = 0; !isDone; number += 1)
        expect((await now.search(`edited ${number}`)).isOk()).toBe(true)
    })()
    orThrow(await now.index.reindexAll())
    await eventually(async () => {
      orThrow(await now.index.generations.activate({ minCoverage: 0.5 }))
    })
    isDone = true
    await Promise.all([edits, searches])
    orThrow(await relay.drain({ deadlineMs: 60_000 }))
    orThrow(await relay.stop({ deadlineMs: 60_000 }))
    for (const { name } of orThrow(await now.index.generations.list())) {
      expect(orThrow(await now.index.verify({ generation: name }))).toMatchObject({
        isInSync: true,
        differences: [],
      })
    }
  })

  it('A host with a single index, or without the migrations, has no generations', async () => {
    const index = inMemoryVectorIndex({ dimensions: 64 })
    expect(() => process({ index, embedder: small, former: { embedder: large } })).toThrow(
      TypeError,
    )
    const own = process({ index, embedder: small })
    orThrow(await own.index.reindexAll())
    expect(await modeOf(own)).toBe('hybrid')
    orThrow(
      await app.stores.postgres.query(
        'DROP TABLE @schema.search_generation, @schema.search_status, @schema.search_reindex',
      ),
    )
    const bare = process({ embedder: small })
    expect(orThrow(await bare.index.reindexAll())).toMatchObject({ isComplete: true })
    expect(orThrow(await bare.index.verify()).isInSync).toBe(true)
    expect(await modeOf(bare, 'course about subject')).toBe('hybrid')
  })
})

function spyOnQueries(index: VectorIndex | undefined, take: () => void): void {
  if (index === undefined) throw new Error('there is no such index')
  const query = index.query.bind(index)
  Object.assign(index, {
    query: (...given: Parameters<VectorIndex['query']>) => {
      take()
      return query(...given)
    },
  })
}
