import { describe, expect, test } from 'vitest'
import { type BulkDatabase, upsert } from '../../src/activity/bulk-write.ts'

interface Failure {
  readonly index: number
  readonly code: number
}

/** A database that answers each bulk write with the next list of failures. */
function databaseWith(...answers: readonly (readonly Failure[])[]) {
  const writes: string[][] = []
  const database: BulkDatabase = {
    collection: () => ({
      bulkWrite: async (operations) => {
        writes.push(operations.map(({ updateOne }) => updateOne.filter._id))
        const writeErrors = answers[writes.length - 1] ?? []
        if (writeErrors.length > 0) throw Object.assign(new Error('bulk write'), { writeErrors })
      },
      insertMany: async () => undefined,
    }),
  }
  return { database, writes }
}

const updates = ['a', 'b', 'c'].map((id) => ({ id, update: { $set: {}, $setOnInsert: {} } }))

describe('upsert', () => {
  test('An upsert that lost a race for a new document is written by a second try', async () => {
    const { database, writes } = databaseWith([{ index: 1, code: 11_000 }])
    expect(await upsert(database, 'search_logs', updates)).toEqual([])
    expect(writes).toEqual([['a', 'b', 'c'], ['b']])
  })

  test('An upsert that loses twice rejects, so that its entries stay in the buffer', async () => {
    const lost = [{ index: 0, code: 11_000 }]
    const { database } = databaseWith([{ index: 2, code: 11_000 }], lost)
    await expect(upsert(database, 'search_logs', updates)).rejects.toMatchObject({
      writeErrors: lost,
    })
  })

  test('A document that MongoDB refuses is returned, and lost races are still written', async () => {
    const { database, writes } = databaseWith([
      { index: 0, code: 121 },
      { index: 2, code: 11_000 },
    ])
    expect(await upsert(database, 'search_logs', updates)).toEqual([{ id: 'a', code: 121 }])
    expect(writes[1]).toEqual(['c'])
  })
})
