import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { connect, migrate, orThrow } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { pgvectorIndex, pgvectorMigrations } from '@headwater/search'
import { vectorIndexContract } from '@headwater/testing/contracts'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

const dimensions = 8
let database: PGlite
let server: PGLiteSocketServer
let stores: Stores
beforeAll(async () => {
  database = await PGlite.create({ extensions: { vector } })
  server = new PGLiteSocketServer({ db: database, host: '127.0.0.1', port: 0, maxConnections: 20 })
  await server.start()
  stores = orThrow(
    await connect({
      postgres: { url: `postgres://postgres@${server.getServerConn()}/postgres` },
      redis: { url: inject('stack').redis.url },
    }),
  )
  orThrow(await migrate(stores, { sets: [pgvectorMigrations] }))
})
afterAll(async () => {
  orThrow(await stores.close())
  await server.stop()
  await database.close()
})

let namespaces = 0
const open = (length = dimensions) => {
  namespaces += 1
  return pgvectorIndex(stores, { namespace: `contract-${namespaces}`, dimensions: length })
}

vectorIndexContract('pgvector', async () => ({ index: open(), dispose: async () => undefined }))

describe('an index in PostgreSQL', () => {
  const values = [1, 0, 0, 0, 0, 0, 0, 0]

  it('A pgvector namespace does not show the records of another', async () => {
    const [one, other] = [open(), open()]
    orThrow(await one.upsert([{ id: 'a', values, metadata: {} }]))
    orThrow(await other.delete(['a']))
    expect(orThrow(await one.stats()).recordCount).toBe(1)
    expect(orThrow(await other.list())).toEqual({ ids: [], nextCursor: null })
  })

  it('The pgvector index stores more records than one statement takes, in models’ dimensions', async () => {
    const index = open(1_536)
    const records = Array.from({ length: 600 }, (_, number) => ({
      id: `course_${number}`,
      values: Array.from({ length: 1_536 }, (_, place) => Math.sin(number + place)),
      metadata: { number },
    }))
    orThrow(await index.upsert(records))
    expect(orThrow(await index.stats()).recordCount).toBe(600)
    const [nearest] = orThrow(await index.query({ vector: records[321]?.values ?? [], topK: 1 }))
    expect(nearest).toMatchObject({ id: 'course_321', metadata: { number: 321 } })
  })

  it('A pgvector namespace with vectors of another length is refused by name', async () => {
    const one = open()
    orThrow(await one.upsert([{ id: 'a', values, metadata: {} }]))
    const other = pgvectorIndex(stores, { namespace: `contract-${namespaces}`, dimensions: 2 })
    const refusals = [
      await other.query({ vector: [1, 0], topK: 1 }),
      await other.upsert([{ id: 'b', values: [1, 0], metadata: {} }]),
    ]
    for (const refused of refusals)
      expect(refused.isErr() && refused.error).toMatchObject({
        type: 'index-mismatch',
        index: `contract-${namespaces}`,
        expected: 2,
        received: 8,
      })
    expect(orThrow(await one.stats()).recordCount).toBe(1)
  })

  it('The pgvector index takes no key or value of a filter or of metadata for SQL', async () => {
    const index = open()
    const key = 'it\'s "quoted"; DROP TABLE search_vector; --'
    orThrow(await index.upsert([{ id: 'a', values, metadata: { [key]: key } }]))
    expect(
      orThrow(
        await index.query({ vector: values, topK: 1, filter: { op: 'eq', key, value: key } }),
      ),
    ).toMatchObject([{ id: 'a', metadata: { [key]: key } }])
    expect(
      orThrow(
        await index.query({
          vector: values,
          topK: 1,
          filter: { op: 'in', key, values: ['other'] },
        }),
      ),
    ).toEqual([])
  })

  const badOptions = [
    { namespace: '' },
    { namespace: 'x', dimensions: 0 },
    { namespace: 'x', dimensions: 16_001 },
  ] as const
  it.each(badOptions)('A pgvector index refuses the options %j', (options) => {
    expect(() => pgvectorIndex(stores, options)).toThrow(TypeError)
  })
})
