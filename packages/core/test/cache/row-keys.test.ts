import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RowKeys } from '../../src/cache/row-keys.ts'

const ids = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.maxSafeInteger(),
  fc.double(),
  fc.integer({ min: -20, max: 20 }).map(String),
  fc.constantFrom('05', '5.0', '1e1', '-0', '', ' 5', '+5', '0x5', 'hw:course:5', `${2 ** 53}`, -0),
)

type Id = string | number

const names = { name: 'course', keyName: 'course' }
const keysBy = {
  id: new RowKeys<Id>(names, 'hw:'),
  key: new RowKeys<Id>({ ...names, key: (id) => [id] }, 'hw:'),
  parts: new RowKeys<Id>({ ...names, key: (id) => ['of', id] }, 'hw:'),
}

for (const [name, keys] of Object.entries(keysBy))
  test(`Two ids are kept under the same in memory when their keys are the same: ${name}`, () => {
    const keyOf = (id: Id): string => `hw:${keys.keyOf(id).text}`
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        expect(new Set([keys.lookupKeyOf(one), keys.lookupKeyIn(keyOf(one))]).size).toBe(1)
        expect(new Set([keys.lookupKeyOf(one), keys.lookupKeyOf(other)]).size).toBe(
          new Set([keyOf(one), keyOf(other)]).size,
        )
      }),
      { numRuns: 2_000 },
    )
  })

test('An id without a key is kept under nothing', () => {
  expect(new RowKeys<unknown>(names, 'hw:').lookupKeyOf({})).toBeUndefined()
})
