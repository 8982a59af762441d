import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { searchLogInput } from '../../src/activity/activity-input.ts'
import { acceptSearch } from '../../src/activity/searches/search-check.ts'

const number = fc.constantFrom(1, 2, 0, -1, 1.5, 1e9, 2 ** 31, 2 ** 53, Number.NaN, Infinity, '1')
const absent = fc.constantFrom(undefined, null)
const hit = fc.record(
  { courseId: number, position: number, dense: number, lexical: number, rerank: number },
  { requiredKeys: ['courseId', 'position'] },
)
const fine = fc.record(
  {
    searchId: fc.constant(randomUUID()),
    userId: fc.constantFrom(7, null, undefined),
    query: fc.constantFrom('algebra', 'ﬁne', 'x'.repeat(1_000)),
    resultsCount: fc.nat(),
    searchType: fc.constant('hybrid'),
    durationMs: fc.constantFrom(0, 1.25, 9e9),
    isCached: fc.boolean(),
    hits: fc.array(
      fc.record(
        {
          courseId: fc.integer({ min: 1, max: 99 }),
          position: fc.integer({ min: 1, max: 99 }),
          dense: fc.constantFrom(1, undefined),
        },
        { requiredKeys: ['courseId', 'position'] },
      ),
      { maxLength: 3 },
    ),
  },
  { noNullPrototype: true },
)
const wrong = fc.record(
  {
    searchId: fc.constantFrom('x', randomUUID().toUpperCase(), 5),
    userId: fc.oneof(number, absent),
    query: fc.constantFrom('', ' ', '\0', '\ud800', 'x'.repeat(1_001), 5),
    resultsCount: number,
    searchType: fc.constantFrom('', 'x'.repeat(51), 5),
    durationMs: number,
    isCached: fc.oneof(absent, fc.constant('true')),
    hits: fc.oneof(absent, fc.array(fc.oneof(hit, absent), { maxLength: 3 }), fc.constant({})),
    other: fc.constant(1),
  },
  { requiredKeys: [], noNullPrototype: true },
)
const search = fc
  .tuple(fine, fc.option(wrong, { nil: {} }))
  .map(([one, other]) => ({ ...one, ...other }))

test('The check of a search by hand accepts nothing that the schema refuses, and copies the same', () => {
  let accepted = 0
  fc.assert(
    fc.property(search, (given) => {
      const byHand = acceptSearch(given)
      if (byHand === undefined) return
      accepted += 1
      expect(byHand).toEqual(searchLogInput().parse(given))
      expect(byHand.hits).not.toBe(given.hits)
    }),
    { numRuns: 2_000 },
  )
  expect(accepted).toBeGreaterThan(300)
})

test.each([
  ['nothing', undefined],
  ['a list', []],
  [
    'a thousand and one hits',
    { hits: Array.from({ length: 1_001 }, () => ({ courseId: 1, position: 1 })) },
  ],
  [
    'what throws',
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('trap')
        },
      },
    ),
  ],
])('The check of a search by hand leaves %s to the schema', (_, given) => {
  expect(acceptSearch(given)).toBeUndefined()
})
