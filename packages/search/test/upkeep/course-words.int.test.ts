import { ok, orThrow, transaction } from '@headwater/core'
import type { CourseWordsProgress, CourseWordsReport } from '@headwater/search'
import { eventually } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createCourses } from '../catalogue-fixture.ts'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

describe('the words of the courses', () => {
  let app: SearchFixture
  let ids: readonly number[]

  const inSync = { isInSync: true, isComplete: true, missing: 0, orphaned: 0, stale: 0 }
  const run = async (text: string, values: readonly unknown[] = []) =>
    orThrow(await app.stores.postgres.query(text, values)).rows
  const verified = async (): Promise<CourseWordsReport> => orThrow(await app.search.words.verify())
  const repaired = async (): Promise<CourseWordsReport> => orThrow(await app.search.words.repair())

  /** As a bulk load, or a subscriber of logical replication, writes. */
  const withoutTriggers = async (text: string, values: readonly unknown[]): Promise<void> => {
    await run('ALTER TABLE @schema.courses DISABLE TRIGGER USER')
    await run(text, values)
    await run('ALTER TABLE @schema.courses ENABLE TRIGGER USER')
  }

  /** Changes a course in a transaction that is not committed before a repair waits for it. */
  const changeDuringRepair = async (text: string, values: readonly unknown[]): Promise<void> => {
    const begun = Promise.withResolvers<void>()
    const waited = Promise.withResolvers<void>()
    const changing = transaction(app.stores, async (tx) => {
      await tx.query(text, values)
      begun.resolve()
      await waited.promise
      return ok(undefined)
    })
    await begun.promise
    const repairing = app.search.words.repair()
    await expect.poll(() => run(selectWaiting)).toEqual([{ waiting: 1 }])
    waited.resolve()
    orThrow(await changing)
    orThrow(await repairing)
  }

  beforeAll(async () => {
    app = await openSearchFixture()
    ids = await createCourses(app, 450)
  })
  afterEach(async () => {
    expect((await repaired()).isInSync).toBe(true)
  })
  afterAll(() => app.dispose())

  it('The words that triggers keep are those of the courses', async () => {
    expect(await verified()).toEqual({ ...inSync, courses: 450, repaired: 0 })
  })

  it('Titles that were written without triggers are found once their words are repaired', async () => {
    const [one, another] = [ids[3], ids[440]]
    await withoutTriggers(
      `UPDATE @schema.courses SET title = 'Zymurgy for everyone' WHERE id = ANY($1)`,
      [[one, another]],
    )
    expect(await app.titles('zymurgy')).toEqual([])
    expect(await verified()).toMatchObject({ isInSync: false, stale: 2, repaired: 0 })
    expect(await app.titles('zymurgy')).toEqual([])
    expect(await repaired()).toEqual({ ...inSync, courses: 450, stale: 2, repaired: 2 })
    expect(await app.titles('zymurgy')).toHaveLength(2)
    expect((await app.find('zmurgy')).didYouMean).toBe('zymurgy')
    expect(await verified()).toEqual({ ...inSync, courses: 450, repaired: 0 })
  })

  it('Words of another version of the stemmer are told apart and renewed', async () => {
    const { id } = await app.publish({ title: 'Fractions', description: 'adding them' })
    // PostgreSQL 17 has the stem “ad”.
    await run(
      `UPDATE @schema.search_words SET words = replace(words::text, '''add''', '''ad''')::tsvector
       WHERE course_id = $1`,
      [id],
    )
    expect(await app.titles('adding')).toEqual([])
    expect(await verified()).toMatchObject({ isInSync: false, stale: 1 })
    await repaired()
    expect(await app.titles('adding')).toEqual(['Fractions'])
    await run('DELETE FROM @schema.courses WHERE id = $1', [id])
  })

  it('Words of another language are told apart and renewed, and the language is known', async () => {
    const { id } = await app.publish({ title: 'Fenster' })
    await withoutTriggers('UPDATE @schema.courses SET language = $2 WHERE id = $1', [id, 'de'])
    expect(await app.titles('"fenstern"')).toEqual([])
    expect(await verified()).toMatchObject({ isInSync: false, stale: 1 })
    await repaired()
    await eventually(async () => expect(await app.titles('"fenstern"')).toEqual(['Fenster']))
    expect(await verified()).toMatchObject({ isInSync: true, stale: 0 })
    await run('DELETE FROM @schema.courses WHERE id = $1', [id])
  })

  it('Words of courses that came or went without triggers are counted and repaired', async () => {
    await withoutTriggers(publish, [ids.slice(10, 13), false])
    await run('DELETE FROM @schema.search_words WHERE course_id = ANY($1)', [ids.slice(20, 25)])
    const found = { courses: 447, missing: 5, orphaned: 3, stale: 0 }
    expect(await verified()).toMatchObject({ ...found, isInSync: false })
    expect(await repaired()).toMatchObject({ ...found, isInSync: true, repaired: 8 })
    expect(await verified()).toMatchObject({ ...inSync, courses: 447 })
    await run(publish, [ids.slice(10, 13), true])
    expect(await verified()).toMatchObject({ ...inSync, courses: 450 })
  })

  const broken = [
    ['has other words', `UPDATE @schema.search_words SET category = 'none' WHERE course_id = $1`],
    ['has none', 'DELETE FROM @schema.search_words WHERE course_id = $1'],
  ] as const
  it.each(broken)(
    'A title that changes while a course that %s is repaired wins',
    async (_, text) => {
      const id = ids[30] ?? 0
      await run(text, [id])
      await changeDuringRepair(retitle, [id, 'Quokkas at night'])
      expect(await verified()).toMatchObject(inSync)
      expect(await app.titles('quokkas')).toEqual(['Quokkas at night'])
      await run(retitle, [id, 'Course'])
    },
  )

  it('A course without words that is unpublished while it is repaired has none', async () => {
    const unpublished = [ids[40]]
    await run('DELETE FROM @schema.search_words WHERE course_id = ANY($1)', [unpublished])
    await changeDuringRepair(publish, [unpublished, false])
    expect(await verified()).toMatchObject({ ...inSync, courses: 449 })
    await run(publish, [unpublished, true])
  })

  it('Courses with long descriptions are compared a few at a time', async () => {
    const long = ids.slice(100, 120)
    await run(describeAll, [long, 'é'.repeat(20_000)])
    const steps: number[] = []
    const onProgress = ({ done }: CourseWordsProgress) => steps.push(done)
    expect(orThrow(await app.search.words.verify({ onProgress }))).toMatchObject(inSync)
    await run(describeAll, [long, null])
    const pages = steps.map((done, at) => done - (steps[at - 1] ?? 0))
    expect(pages.filter((courses) => courses <= 4).length).toBeGreaterThanOrEqual(5)
    expect(Math.max(...pages)).toBe(50)
  })

  it('A comparison that is ended early says that it is not complete', async () => {
    const controller = new AbortController()
    const seen: number[] = []
    const report = orThrow(
      await app.search.words.verify({
        signal: controller.signal,
        onProgress: ({ done, total }) => {
          seen.push(done, total)
          controller.abort()
        },
      }),
    )
    expect(report).toMatchObject({ isInSync: false, isComplete: false, courses: 50 })
    expect(seen).toEqual([50, 450])
  })

  it('A comparison that is ended behind its last page is complete', async () => {
    const controller = new AbortController()
    const onProgress = ({ done, total }: CourseWordsProgress) => {
      if (done === total) controller.abort()
    }
    const { signal } = controller
    expect(orThrow(await app.search.words.verify({ signal, onProgress }))).toMatchObject(inSync)
  })

  it('Without the tables of words the failure says that migrations have not run', async () => {
    await run('ALTER TABLE @schema.search_words RENAME TO hidden_words')
    const report = await app.search.words.verify()
    await run('ALTER TABLE @schema.hidden_words RENAME TO search_words')
    expect(report._unsafeUnwrapErr().message).toContain('the migrations have not run')
  })
})

const describeAll = 'UPDATE @schema.courses SET description = $2 WHERE id = ANY($1)'
const retitle = 'UPDATE @schema.courses SET title = $2 WHERE id = $1'
const publish = 'UPDATE @schema.courses SET is_published = $2 WHERE id = ANY($1)'

const selectWaiting = `
  SELECT count(*)::integer AS waiting
  FROM pg_stat_activity
  WHERE wait_event_type = 'Lock' AND datname = current_database()`
