import { orThrow } from '@headwater/core'
import { hashingEmbedder } from '@headwater/search'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dimensions, openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'
import { PausingIndex } from './pausing-index-fixture.ts'

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
