import { orThrow } from '@headwater/core'
import type { CourseSearch } from '@headwater/search'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { awayIndex, openExplainedCatalogue } from './explain/explained-catalogue-fixture.ts'
import type { ExplainedCatalogue } from './explain/explained-catalogue-fixture.ts'

let app: ExplainedCatalogue
let search: CourseSearch
beforeAll(async () => {
  app = await openExplainedCatalogue()
  search = app.openAnother({ index: awayIndex() })
  for (let number = 0; number < 805; number += 1)
    await app.publish({ title: `Weaving ${number}`, price: number < 5 ? '5.00' : '30.00' })
}, 120_000)
afterAll(() => app.dispose())

describe('a count beyond the depth of a search', () => {
  it('A count is not exact where a search without the filter of a field had more', async () => {
    const cheap = orThrow(await search.count('weaving', { maxPrice: 10 }))
    expect(cheap.total).toBe(5)
    expect(cheap.price.reduce((sum, { courses }) => sum + courses, 0)).toBe(800)
    expect(cheap.isExact).toBe(false)
  })

  it('A count is exact where every search that it counts had less', async () => {
    const none = orThrow(await search.count('weaving', { category: 'None', maxPrice: 10 }))
    expect(none).toMatchObject({ total: 0, isExact: true })
    expect(orThrow(await search.count('weaving')).isExact).toBe(false)
  })
})
