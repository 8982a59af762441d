import { setImmediate as turn } from 'node:timers/promises'
import { okAsync } from '@headwater/core'
import type { Stores } from '@headwater/core'
import type { SearchHit } from '@headwater/search'
import { expect, it } from 'vitest'
import { highlightHits } from '../../../src/query/highlights/highlight-hits.ts'

const stores = { postgres: { query: () => okAsync({ rows: [] }) } } as unknown as Stores

/** The turns that others had while a page was marked. */
async function turnsOf(description: string, count: number): Promise<number> {
  const hit = { course: { title: 'Honey', description, language: 'en' }, rank: 1 } as SearchHit
  const hits = Array.from({ length: count }, () => hit)
  const request = { query: 'honey', deadlineMs: 1_000 }
  let isDone = false
  const marking = highlightHits({ stores, synonyms: undefined }, hits, request).finally(() => {
    isDone = true
  })
  let turns = 0
  for (; !isDone; turns += 1) await turn()
  expect((await marking).hits).toHaveLength(count)
  return turns
}

it('Others have a turn after each long description, and a page of short ones is marked at once', async () => {
  expect(await turnsOf('Honey. '.repeat(1_200), 50)).toBeGreaterThanOrEqual(100)
  expect(await turnsOf('Honey. '.repeat(20), 50)).toBeLessThan(5)
})
