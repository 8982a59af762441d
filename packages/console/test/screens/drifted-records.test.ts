import { expect, test } from 'vitest'
import { driftedRecords } from '../../src/screens/drifted-records.ts'

test('A difference shows what the index has and what PostgreSQL says, and long values are cut', () => {
  const fields = [
    { field: 'title', indexed: 'x'.repeat(61), wanted: 'Algebra' },
    { field: 'price', indexed: 1, wanted: 2 },
    { field: 'category', wanted: 'maths' },
    { field: 'hash', indexed: 'a', wanted: 'b' },
  ]
  expect(driftedRecords([{ kind: 'stale', recordId: 'course_1', courseId: 1, fields }])).toEqual([
    {
      kind: 'stale',
      recordId: 'course_1',
      fields: [
        { field: 'title', indexed: `${'x'.repeat(60)}…`, wanted: 'Algebra' },
        { field: 'price', indexed: '1', wanted: '2' },
        { field: 'category', indexed: 'nothing', wanted: 'maths' },
        { field: 'embedded text (hash)', indexed: 'a', wanted: 'b' },
      ],
    },
  ])
  expect(driftedRecords([{ kind: 'missing', recordId: 'course_2', courseId: 2 }])).toEqual([
    { kind: 'missing', recordId: 'course_2' },
  ])
})
