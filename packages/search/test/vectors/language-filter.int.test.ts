import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { connect, migrate, orThrow } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import {
  inMemoryVectorIndex,
  pgvectorIndex,
  pgvectorMigrations,
  pineconeIndex,
} from '@headwater/search'
import type { VectorIndex } from '@headwater/search'
import { startPineconeStandIn } from '@headwater/testing'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { courseMetadata, recordIdOf } from '../../src/indexing/course-document.ts'
import { vectorFilterOf } from '../../src/query/search-filters.ts'

const dimensions = 4
const [generation, vectorOfAll] = ['one', [1, 0, 0, 0]] as const
const languages = ['en', 'de', 'pt', 'pt-BR', 'de'] as const

const indexes = [
  ['in memory', () => Promise.resolve(inMemoryVectorIndex({ dimensions }))],
  ['of pgvector', openPgvector],
  ['of Pinecone', openPinecone],
] as const

const closing: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})

describe('the records of courses in several languages', () => {
  it.each(indexes)('An index %s finds those in the wanted languages only', async (_, open) => {
    const index = await open()
    const records = languages.map((language, place) => ({
      id: recordIdOf(place + 1),
      values: vectorOfAll,
      metadata: courseMetadata(courseIn(language, place + 1), { hash: 'h', generation }),
    }))
    orThrow(await index.upsert(records))
    const found = async (...language: string[]) => {
      const filter = vectorFilterOf({ language }, generation)
      const matches = orThrow(await index.query({ vector: vectorOfAll, topK: 10, filter }))
      return matches.map(({ id }) => id).toSorted()
    }
    expect(await found('de')).toEqual(['course_2', 'course_5'])
    expect(await found('pt')).toEqual(['course_3'])
    expect(await found('en', 'pt-BR')).toEqual(['course_1', 'course_4'])
    expect(await found('fr')).toEqual([])
  })
})

function courseIn(language: string, id: number): Course {
  return {
    id,
    title: 'Baking',
    description: null,
    instructorId: 1,
    category: null,
    difficulty: null,
    language,
    maxStudents: null,
    currentEnrollment: 0,
    seatsOffered: 0,
    price: '1.00',
    isPublished: true,
    version: 1,
    createdAt: new Date(0),
    updatedAt: new Date(0),
  }
}

async function openPgvector(): Promise<VectorIndex> {
  const database = await PGlite.create({ extensions: { vector } })
  closing.push(() => database.close())
  const server = new PGLiteSocketServer({ db: database, host: '127.0.0.1', port: 0 })
  await server.start()
  closing.push(() => server.stop())
  const stores = orThrow(
    await connect({
      postgres: { url: `postgres://postgres@${server.getServerConn()}/postgres` },
      redis: { url: inject('stack').redis.url },
    }),
  )
  closing.push(async () => stores.close())
  orThrow(await migrate(stores, { sets: [pgvectorMigrations] }))
  return pgvectorIndex(stores, { namespace: 'languages', dimensions })
}

async function openPinecone(): Promise<VectorIndex> {
  const indexName = 'courses'
  const pinecone = await startPineconeStandIn({
    indexes: [{ name: indexName, dimension: dimensions }],
  })
  closing.push(() => pinecone.stop())
  const { postgres, redis } = inject('stack')
  const stores = orThrow(
    await connect({
      postgres: { url: postgres.url },
      redis: { url: redis.url },
      pinecone: { apiKey: pinecone.apiKey, controllerHostUrl: pinecone.url, index: indexName },
    }),
  )
  closing.push(async () => stores.close())
  return pineconeIndex(stores, { namespace: 'languages', dimensions })
}
