import { orThrow } from '@headwater/core'
import type { VectorRecord } from '@headwater/search'
import { expect, it } from 'vitest'
import type { VectorIndexBench } from './vector-index-bench.ts'

type Damage = (record: VectorRecord) => VectorRecord

const damages: readonly (readonly [string, string, Damage])[] = [
  [
    'is too short',
    'dimension-mismatch',
    (record) => ({ ...record, values: record.values.slice(1) }),
  ],
  ['is too long', 'dimension-mismatch', (record) => ({ ...record, values: [...record.values, 1] })],
  ['has no values', 'dimension-mismatch', (record) => ({ ...record, values: [] })],
  [
    'holds NaN',
    'invalid-input',
    (record) => ({ ...record, values: [Number.NaN, ...record.values.slice(1)] }),
  ],
  [
    'holds an infinity',
    'invalid-input',
    (record) => ({ ...record, values: [Number.POSITIVE_INFINITY, ...record.values.slice(1)] }),
  ],
  ['is all zero', 'invalid-input', (record) => ({ ...record, values: record.values.map(() => 0) })],
  ['has an empty id', 'invalid-input', (record) => ({ ...record, id: '' })],
  ['has an id that is not ASCII', 'invalid-input', (record) => ({ ...record, id: 'курс_1' })],
  ['has an id that is too long', 'invalid-input', (record) => ({ ...record, id: 'x'.repeat(513) })],
  [
    'has metadata beyond 40 KB',
    'invalid-input',
    (record) => ({ ...record, metadata: { text: 'x'.repeat(41_000) } }),
  ],
]

/** Tests of refused calls, which leave the index unchanged. */
export function refusalTests(bench: VectorIndexBench): void {
  it.each(damages)(
    'A vector index refuses all of a batch when one record %s',
    async (_, type, damage) => {
      await bench.store(bench.record('kept', 10, { title: 'Kept' }))
      const batch = [
        bench.record('kept', 80, { title: 'Changed' }),
        damage(bench.record('bad', 20)),
        bench.record('good', 30),
      ]
      const refusal = await bench.index.upsert(batch)
      expect(refusal.isErr() && refusal.error).toMatchObject({ type, retryable: false })
      await bench.settle()
      expect(orThrow(await bench.index.list()).ids).toEqual(['kept'])
      expect((await bench.near(10))[0]).toMatchObject({
        id: 'kept',
        score: expect.closeTo(1, 4) as number,
        metadata: { title: 'Kept' },
      })
    },
  )

  it('A vector index names the expected and the received length of a vector', async () => {
    const { dimensions } = bench.index
    const refusal = await bench.index.query({ vector: [1, 2], topK: 1 })
    expect(refusal.isErr() && refusal.error).toMatchObject({
      type: 'dimension-mismatch',
      expected: dimensions,
      received: 2,
    })
  })

  it('A vector index refuses a query with NaN or a topK out of bounds', async () => {
    const queries = [
      { vector: [Number.NaN, ...bench.at(0).slice(1)], topK: 1 },
      ...[0, -1, 1.5, 10_001, Number.NaN].map((topK) => ({ vector: bench.at(0), topK })),
    ]
    for (const query of queries) {
      const refusal = await bench.index.query(query)
      expect(refusal.isErr() && refusal.error).toMatchObject({
        type: 'invalid-input',
        retryable: false,
      })
    }
  })

  it('A vector index refuses a list page that is empty or too long', async () => {
    for (const limit of [0, 101, 1.5]) {
      const refusal = await bench.index.list({ limit })
      expect(refusal.isErr() && refusal.error).toMatchObject({
        type: 'invalid-input',
        field: 'limit',
      })
    }
  })
}
