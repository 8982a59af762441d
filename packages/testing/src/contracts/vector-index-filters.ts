import type { VectorFilter } from '@headwater/search'
import { expect, it } from 'vitest'
import { idsOf } from './vector-index-bench.ts'
import type { VectorIndexBench } from './vector-index-bench.ts'

const filterCases: readonly (readonly [VectorFilter, readonly string[]])[] = [
  [{ op: 'eq', key: 'category', value: 'art' }, ['painting', 'pottery']],
  [{ op: 'eq', key: 'open', value: false }, ['pottery']],
  [{ op: 'eq', key: 'price', value: 0 }, ['algebra']],
  [{ op: 'ne', key: 'category', value: 'art' }, ['algebra']],
  [{ op: 'in', key: 'category', values: ['maths', 'music'] }, ['algebra']],
  [{ op: 'in', key: 'price', values: [0, 20] }, ['algebra', 'painting']],
  [{ op: 'nin', key: 'category', values: ['maths', 'music'] }, ['painting', 'pottery']],
  [{ op: 'gt', key: 'price', value: 20 }, ['pottery']],
  [{ op: 'gte', key: 'price', value: 20 }, ['painting', 'pottery']],
  [{ op: 'lt', key: 'price', value: 20 }, ['algebra']],
  [{ op: 'lte', key: 'price', value: 20 }, ['algebra', 'painting']],
  [{ op: 'eq', key: 'tags', value: 'clay' }, ['pottery']],
  [{ op: 'in', key: 'tags', values: ['clay', 'colour'] }, ['painting', 'pottery']],
  [{ op: 'ne', key: 'tags', value: 'clay' }, ['painting']],
  [{ op: 'nin', key: 'tags', values: ['colour', 'ink'] }, ['pottery']],
  [{ op: 'eq', key: 'price', value: '20' }, []],
  [{ op: 'eq', key: 'title', value: 'Ölmalerei — für Anfänger 🎨' }, ['painting']],
  [{ op: 'ne', key: 'open', value: true }, ['pottery']],
  [{ op: 'nin', key: 'absent', values: ['x'] }, []],
  [
    {
      op: 'and',
      filters: [
        { op: 'eq', key: 'category', value: 'art' },
        { op: 'lt', key: 'price', value: 30 },
      ],
    },
    ['painting'],
  ],
  [
    {
      op: 'or',
      filters: [
        { op: 'eq', key: 'category', value: 'maths' },
        {
          op: 'and',
          filters: [
            { op: 'gt', key: 'price', value: 20 },
            { op: 'eq', key: 'open', value: false },
          ],
        },
      ],
    },
    ['algebra', 'pottery'],
  ],
]

/** Tests of metadata filters. */
export function filterTests(bench: VectorIndexBench): void {
  it.each(filterCases)(
    'A vector index returns only records that match %j',
    async (filter, expected) => {
      const painting = {
        title: 'Ölmalerei — für Anfänger 🎨',
        category: 'art',
        price: 20,
        open: true,
        tags: ['colour', 'canvas'],
      }
      await bench.store(
        bench.record('algebra', 10, { title: 'Algebra', category: 'maths', price: 0 }),
        bench.record('painting', 20, painting),
        bench.record('pottery', 30, {
          title: 'Pottery',
          category: 'art',
          price: 35.5,
          open: false,
          tags: ['clay'],
        }),
      )
      expect(idsOf(await bench.near(0, { filter }))).toEqual(expected)
    },
  )

  it('A vector index fills topK from matching records, however many nearer ones do not match', async () => {
    const crowd = Array.from({ length: 50 }, (_, number) =>
      bench.record(`crowd_${number}`, number / 10, { kind: 'crowd' }),
    )
    await bench.store(...crowd, bench.record('wanted', 90, { kind: 'wanted' }))
    expect(
      idsOf(await bench.near(0, { topK: 1, filter: { op: 'eq', key: 'kind', value: 'wanted' } })),
    ).toEqual(['wanted'])
  })
}
