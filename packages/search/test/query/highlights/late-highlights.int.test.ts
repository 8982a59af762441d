import { orThrow } from '@headwater/core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openSearchFixture } from '../../search-fixture.ts'
import type { SearchFixture } from '../../search-fixture.ts'
import { isOfHighlights, spoil } from '../spoilt-statements.ts'

describe('highlights of a PostgreSQL that fails', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture()
    await app.publish({ title: 'Running for Beginners', description: 'She runs. Run, run, run.' })
    await app.sync()
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })
  afterAll(() => app.dispose())

  const failures = [
    ['hangs', 'SELECT pg_sleep(60)', 'deadline-exceeded'],
    ['refuses', 'SELECT 1 / 0', 'store-refused'],
  ] as const
  it.each(failures)(
    'When PostgreSQL %s, words are marked as they stand and the result says so',
    async (_, statement, reason) => {
      const search = app.openAnother({ legDeadlineMs: 2_000 })
      orThrow(await search.search('run'))
      spoil(app, { isSpoilt: isOfHighlights, statement })
      const said: unknown[] = []
      const stop = app.stores.diagnostics.on('search:degraded', ({ leg }) => said.push(leg))
      const startedMs = performance.now()
      const { hits, degraded, mode } = orThrow(await search.search('run', { highlights: true }))
      expect(performance.now() - startedMs).toBeLessThan(15_000)
      stop()
      expect(mode).toBe('hybrid')
      expect(degraded).toEqual([expect.objectContaining({ leg: 'highlights', reason })])
      expect(said).toEqual(['highlights'])
      expect(hits[0]?.highlights?.description).toHaveLength(4)
      vi.restoreAllMocks()
      expect(orThrow(await search.search('run', { highlights: true })).degraded).toEqual([])
    },
  )

  it('A result without hits costs no statement for its highlights', async () => {
    const query = vi.spyOn(app.stores.postgres, 'query')
    const { hits } = await app.find('zzyzxq', { highlights: true })
    expect(hits).toEqual([])
    expect(query.mock.calls.filter(([statement]) => isOfHighlights(statement))).toEqual([])
  })

  it('PostgreSQL is sent each word of a page once', async () => {
    for (let number = 0; number < 20; number += 1)
      await app.publish({
        title: `Juggling ${number}`,
        description: 'Juggling balls. '.repeat(400),
      })
    const query = vi.spyOn(app.stores.postgres, 'query')
    await app.find('juggling "balls"', { highlights: true, limit: 20 })
    const [call, ...further] = query.mock.calls.filter(([text]) => isOfHighlights(text))
    expect(further).toEqual([])
    const [asked, found] = call?.[1] as readonly (readonly string[])[]
    expect(asked?.toSorted()).toEqual(['balls', 'juggling'])
    const numbers = Array.from({ length: 20 }, (_, number) => String(number))
    expect(found?.toSorted()).toEqual(['balls', 'juggling', ...numbers].toSorted())
  })
})
