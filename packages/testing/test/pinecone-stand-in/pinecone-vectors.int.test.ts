import { Errors, Pinecone } from '@pinecone-database/pinecone'
import type { Index } from '@pinecone-database/pinecone'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startPineconeStandIn } from '../../src/pinecone-stand-in/pinecone-stand-in.ts'
import type { PineconeStandIn } from '../../src/pinecone-stand-in/pinecone-stand-in.ts'

let standIn: PineconeStandIn
let client: Pinecone
let index: Index
let namespaces = 0

beforeAll(async () => {
  standIn = await startPineconeStandIn({
    indexes: [
      { name: 'courses', dimension: 3 },
      { name: 'dots', dimension: 2, metric: 'dotproduct' },
      { name: 'distances', dimension: 2, metric: 'euclidean' },
      { name: 'wide', dimension: 1536 },
    ],
  })
  client = new Pinecone({ apiKey: standIn.apiKey, controllerHostUrl: standIn.url, maxRetries: 0 })
})
beforeEach(() => {
  namespaces += 1
  index = client.index({ name: 'courses', namespace: `test-${namespaces}` })
})
afterAll(() => standIn.stop())

const painting = {
  id: 'painting',
  values: [1, 0, 0],
  metadata: { title: 'Painting', price: 20, tags: ['art', 'hands-on'], open: true },
}
const algebra = {
  id: 'algebra',
  values: [0, 1, 0],
  metadata: { title: 'Algebra', price: 0, tags: ['maths'], open: false },
}
const geometry = {
  id: 'geometry',
  values: [0.6, 0.8, 0],
  metadata: { title: 'Géométrie 📐', price: 35.5, tags: ['maths', 'art'], year: '2024' },
}

function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const sent = { 'api-key': standIn.apiKey, 'content-type': 'application/json', ...headers }
  return fetch(`${standIn.hostOf('courses')}${path}`, {
    method: 'POST',
    headers: sent,
    body: JSON.stringify(body),
  })
}

async function matching(filter: object): Promise<string[]> {
  const { matches } = await index.query({ vector: [1, 1, 0], topK: 10, filter })
  return matches.map(({ id }) => id).sort()
}

describe('upsert, query and fetch', () => {
  beforeEach(() => index.upsert({ records: [painting, algebra, geometry] }))

  it('The Pinecone stand-in returns the nearest records by cosine similarity, best first', async () => {
    const { matches, namespace } = await index.query({
      vector: [2, 0, 0],
      topK: 2,
      includeMetadata: true,
      includeValues: true,
    })
    expect(namespace).toBe(`test-${namespaces}`)
    expect(matches.map(({ id }) => id)).toEqual(['painting', 'geometry'])
    expect(matches[0]).toMatchObject({ score: 1, values: [1, 0, 0], metadata: painting.metadata })
    expect(matches[1]?.score).toBeCloseTo(0.6, 6)
    expect(matches[1]?.metadata).toEqual(geometry.metadata)
  })

  it('The Pinecone stand-in returns values and metadata only when they are asked for', async () => {
    const {
      matches: [match],
    } = await index.query({ vector: [1, 0, 0], topK: 1 })
    expect(match).toEqual({
      id: 'painting',
      score: 1,
      values: [],
      metadata: undefined,
      sparseValues: undefined,
    })
  })

  it("The Pinecone stand-in scores by dot product and by squared distance as the index's metric says", async () => {
    const records = [
      { id: 'near', values: [1, 1] },
      { id: 'far', values: [3, 3] },
    ]
    for (const name of ['dots', 'distances']) await client.index({ name }).upsert({ records })
    const dots = await client.index({ name: 'dots' }).query({ vector: [1, 1], topK: 2 })
    expect(dots.matches.map(({ id, score }) => [id, score])).toEqual([
      ['far', 6],
      ['near', 2],
    ])
    const distances = await client.index({ name: 'distances' }).query({ vector: [1, 1], topK: 2 })
    expect(distances.matches.map(({ id, score }) => [id, score])).toEqual([
      ['near', 0],
      ['far', 8],
    ])
  })

  it('The Pinecone stand-in queries by the id of a record, and finds nothing by the id of an absent one', async () => {
    const {
      matches: [, second],
    } = await index.query({ id: 'painting', topK: 2 })
    expect(second?.id).toBe('geometry')
    expect((await index.query({ id: 'absent', topK: 2 })).matches).toEqual([])
  })

  it('The Pinecone stand-in replaces a record whole when its id is upserted again', async () => {
    await index.upsert({
      records: [{ id: 'painting', values: [0, 0, 1], metadata: { title: 'Oil' } }],
    })
    const { records } = await index.fetch({ ids: ['painting'] })
    expect(records['painting']).toMatchObject({ values: [0, 0, 1], metadata: { title: 'Oil' } })
  })

  it('The Pinecone stand-in fetches existing records and leaves out absent ones', async () => {
    const { records } = await index.fetch({ ids: ['algebra', 'absent', 'painting'] })
    expect(Object.keys(records).sort()).toEqual(['algebra', 'painting'])
    expect(records['algebra']).toMatchObject(algebra)
  })

  it('The Pinecone stand-in keeps namespaces apart, and an unwritten one is empty', async () => {
    const other = client.index({ name: 'courses', namespace: 'never-written' })
    expect((await other.query({ vector: [1, 0, 0], topK: 5 })).matches).toEqual([])
    expect((await other.fetch({ ids: ['painting'] })).records).toEqual({})
    expect((await other.listPaginated()).vectors).toEqual([])
  })

  it('The Pinecone stand-in counts records by namespace', async () => {
    const stats = await index.describeIndexStats()
    expect(stats.namespaces?.[`test-${namespaces}`]).toEqual({ recordCount: 3 })
    expect(stats.dimension).toBe(3)
    const all = Object.values(stats.namespaces ?? {}).reduce(
      (sum, { recordCount }) => sum + (recordCount ?? 0),
      0,
    )
    expect(stats.totalRecordCount).toBe(all)
  })

  it('The Pinecone stand-in fetches by metadata', async () => {
    const { records } = await index.fetchByMetadata({ filter: { price: { $gt: 10 } } })
    expect(Object.keys(records).sort()).toEqual(['geometry', 'painting'])
  })
})

describe('metadata filters', () => {
  beforeEach(() => index.upsert({ records: [painting, algebra, geometry] }))

  it.each([
    [{ title: 'Algebra' }, ['algebra']],
    [{ title: { $eq: 'Géométrie 📐' } }, ['geometry']],
    [{ price: { $ne: 20 } }, ['algebra', 'geometry']],
    [{ price: { $gt: 0, $lte: 20 } }, ['painting']],
    [{ price: { $gte: 20 } }, ['geometry', 'painting']],
    [{ price: { $lt: 20 } }, ['algebra']],
    [{ price: { $in: [0, 35.5] } }, ['algebra', 'geometry']],
    [{ title: { $nin: ['Algebra', 'Painting'] } }, ['geometry']],
    [{ open: { $eq: false } }, ['algebra']],
    [{ tags: { $eq: 'maths' } }, ['algebra', 'geometry']],
    [{ tags: { $in: ['hands-on', 'maths'] } }, ['algebra', 'geometry', 'painting']],
    [{ tags: { $ne: 'art' } }, ['algebra']],
    [{ tags: { $nin: ['hands-on'] } }, ['algebra', 'geometry']],
    [{ open: { $exists: true } }, ['algebra', 'painting']],
    [{ open: { $exists: false } }, ['geometry']],
    [{ open: { $ne: true } }, ['algebra']],
    [{ price: { $eq: '20' } }, []],
    [{ title: { $gt: 0 } }, []],
    [{ year: { $gt: 2000 } }, []],
    [{ constructor: { $exists: true } }, []],
    [{ $and: [{ tags: 'art' }, { price: { $lt: 30 } }] }, ['painting']],
    [{ $or: [{ price: 0 }, { $and: [{ tags: 'art' }, { open: true }] }] }, ['algebra', 'painting']],
    [{ tags: 'art', price: 35.5 }, ['geometry']],
  ])('The Pinecone stand-in matches filter %j to records %j', async (filter, ids) => {
    expect(await matching(filter)).toEqual(ids)
  })

  it.each([
    [{ price: { $regex: '2' } }],
    [{ price: { $gt: '20' } }],
    [{ price: { $eq: null } }],
    [{ price: null }],
    [{ price: {} }],
    [{ title: ['Algebra'] }],
    [{ title: { $in: 'Algebra' } }],
    [{ title: { $in: ['Algebra', 1] } }],
    [{ title: { $exists: 'yes' } }],
    [{ $and: [] }],
    [{ $and: { title: 'Algebra' } }],
    [{ $not: { title: 'Algebra' } }],
    [{ title: { toString: 'Algebra' } }],
    [{ price: { constructor: 1 } }],
  ])('The Pinecone stand-in refuses the filter %j', async (filter) => {
    await expect(matching(filter)).rejects.toBeInstanceOf(Errors.PineconeBadRequestError)
  })
})

describe('listing', () => {
  it('The Pinecone stand-in pages through the ids of a prefix in their order', async () => {
    const records = Array.from({ length: 25 }, (_, number) => ({
      id: `course_${number}`,
      values: [1, number, 0],
    }))
    await index.upsert({ records: [...records, algebra] })
    const ids: string[] = []
    let paginationToken: string | undefined
    do {
      const page = await index.listPaginated({
        prefix: 'course_',
        limit: 10,
        ...(paginationToken ? { paginationToken } : {}),
      })
      ids.push(...(page.vectors ?? []).map(({ id }) => id ?? ''))
      paginationToken = page.pagination?.next
    } while (paginationToken !== undefined)
    expect(ids).toEqual(records.map(({ id }) => id).sort())
  })

  it('The Pinecone stand-in returns 100 ids per page and a token when more follow', async () => {
    const records = Array.from({ length: 101 }, (_, number) => ({
      id: `r${number}`,
      values: [1, 1, 1],
    }))
    await index.upsert({ records })
    const page = await index.listPaginated()
    expect(page.vectors?.length).toBe(100)
    const rest = await index.listPaginated({ paginationToken: page.pagination?.next ?? '' })
    expect([rest.vectors?.length, rest.pagination]).toEqual([1, undefined])
    await index.deleteOne({ id: 'r7' })
    const whole = await index.listPaginated()
    expect([whole.vectors?.length, whole.pagination]).toEqual([100, undefined])
  })

  it('The Pinecone stand-in refuses an invented token and an overlong page', async () => {
    await expect(index.listPaginated({ paginationToken: 'made up' })).rejects.toBeInstanceOf(
      Errors.PineconeBadRequestError,
    )
    await expect(index.listPaginated({ limit: 101 })).rejects.toBeInstanceOf(
      Errors.PineconeBadRequestError,
    )
  })
})

describe('update', () => {
  beforeEach(() => index.upsert({ records: [painting, algebra] }))

  it('The Pinecone stand-in merges metadata and keeps the vector', async () => {
    await index.update({ id: 'painting', metadata: { price: 25, seats: 3 } })
    const { records } = await index.fetch({ ids: ['painting'] })
    expect(records['painting']).toMatchObject({
      values: painting.values,
      metadata: { ...painting.metadata, price: 25, seats: 3 },
    })
  })

  it('The Pinecone stand-in replaces the vector and keeps the metadata', async () => {
    await index.update({ id: 'painting', values: [0, 0, 1] })
    const { records } = await index.fetch({ ids: ['painting'] })
    expect(records['painting']).toMatchObject({ values: [0, 0, 1], metadata: painting.metadata })
  })

  it('The Pinecone stand-in leaves an absent record absent', async () => {
    await index.update({ id: 'absent', metadata: { price: 1 } })
    expect((await index.fetch({ ids: ['absent'] })).records).toEqual({})
    const other = client.index({ name: 'courses', namespace: 'never-updated' })
    await other.update({ id: 'absent', metadata: { price: 1 } })
    expect((await other.describeIndexStats()).namespaces).not.toHaveProperty('never-updated')
  })

  it('The Pinecone stand-in sets metadata of every record that matches a filter', async () => {
    await index.update({ filter: { tags: { $eq: 'maths' } }, metadata: { price: 9 } })
    expect(await matching({ price: 9 })).toEqual(['algebra'])
  })

  it('The Pinecone stand-in refuses metadata that would grow beyond 40 KB', async () => {
    await index.update({ id: 'painting', metadata: { first: 'x'.repeat(30_000) } })
    await expect(
      index.update({ id: 'painting', metadata: { second: 'x'.repeat(30_000) } }),
    ).rejects.toThrow('Metadata size')
  })
})

describe('deletion', () => {
  beforeEach(() => index.upsert({ records: [painting, algebra, geometry] }))

  it('The Pinecone stand-in removes by id, and absent ids are no error', async () => {
    await index.deleteMany({ ids: ['painting', 'absent'] })
    await index.deleteOne({ id: 'painting' })
    expect(await matching({ price: { $gte: 0 } })).toEqual(['algebra', 'geometry'])
  })

  it('The Pinecone stand-in removes by filter', async () => {
    await index.deleteMany({ filter: { tags: { $in: ['art'] } } })
    expect(await matching({ price: { $gte: 0 } })).toEqual(['algebra'])
  })

  it('The Pinecone stand-in removes a namespace with all its records', async () => {
    await index.deleteAll()
    expect((await index.describeIndexStats()).namespaces).not.toHaveProperty(`test-${namespaces}`)
  })

  it('The Pinecone stand-in answers 404 for an absent namespace, never for the default one', async () => {
    const absent = client.index({ name: 'courses', namespace: 'absent' })
    await expect(absent.deleteMany({ ids: ['x'] })).rejects.toBeInstanceOf(
      Errors.PineconeNotFoundError,
    )
    await expect(absent.deleteAll()).rejects.toBeInstanceOf(Errors.PineconeNotFoundError)
    await client.index({ name: 'courses' }).deleteMany({ ids: ['x'] })
  })

  it('The Pinecone stand-in refuses a deletion without ids, filter or deleteAll', async () => {
    await expect(index.deleteMany(['painting'])).rejects.toThrow(
      'exactly one of ids, filter and deleteAll',
    )
    expect(await matching({ price: { $gte: 0 } })).toHaveLength(3)
  })

  it('The Pinecone stand-in refuses an empty filter', async () => {
    expect((await post('/vectors/delete', { filter: {} })).status).toBe(400)
  })
})

describe('what the service refuses', () => {
  it.each([
    ['a vector that is too short', { id: 'a', values: [1, 0] }],
    ['a vector with NaN', { id: 'a', values: [1, Number.NaN, 0] }],
    ['a vector of zeros', { id: 'a', values: [0, 0, 0] }],
    ['a number beyond single precision', { id: 'a', values: [1e39, 0, 0] }],
    ['an id that is not ASCII', { id: 'curso-á', values: [1, 0, 0] }],
    ['an id of more than 512 characters', { id: 'x'.repeat(513), values: [1, 0, 0] }],
    [
      'metadata that is null',
      { id: 'a', values: [1, 0, 0], metadata: { category: null as unknown as string } },
    ],
    [
      'metadata that is nested',
      { id: 'a', values: [1, 0, 0], metadata: { a: { b: 1 } as unknown as string } },
    ],
    [
      'metadata that is a list of numbers',
      { id: 'a', values: [1, 0, 0], metadata: { a: [1] as unknown as string[] } },
    ],
    ['metadata that begins with $', { id: 'a', values: [1, 0, 0], metadata: { $a: 1 } }],
    [
      'metadata of more than 40 KB',
      { id: 'a', values: [1, 0, 0], metadata: { text: 'x'.repeat(41_000) } },
    ],
    ['sparse values', { id: 'a', values: [1, 0, 0], sparseValues: { indices: [1], values: [1] } }],
  ])('The Pinecone stand-in refuses %s and stores nothing of the request', async (_, record) => {
    await expect(index.upsert({ records: [painting, record] })).rejects.toBeInstanceOf(
      Errors.PineconeBadRequestError,
    )
    expect((await index.fetch({ ids: ['painting'] })).records).toEqual({})
  })

  it('The Pinecone stand-in takes 1,000 records in one request, and no more', async () => {
    const records = Array.from({ length: 1001 }, (_, number) => ({
      id: `r${number}`,
      values: [1, 0, 0],
    }))
    await expect(index.upsert({ records })).rejects.toBeInstanceOf(Errors.PineconeBadRequestError)
    await index.upsert({ records: records.slice(0, 1000) })
    expect((await index.describeIndexStats()).namespaces?.[`test-${namespaces}`]?.recordCount).toBe(
      1000,
    )
  })

  it('The Pinecone stand-in refuses a request of more than 2 MB', async () => {
    const values = Array.from({ length: 1536 }, (_, number) => Math.sin(number + 1))
    const records = Array.from({ length: 100 }, (_, number) => ({ id: `r${number}`, values }))
    await expect(client.index({ name: 'wide' }).upsert({ records })).rejects.toThrow(
      'exceeds the maximum supported size',
    )
  })

  it('The Pinecone stand-in refuses a query with a wrong vector, topK or number of starting points', async () => {
    await expect(index.query({ vector: [1, 0], topK: 1 })).rejects.toThrow(
      'Vector dimension 2 does not match the dimension of the index 3',
    )
    await expect(index.query({ vector: [1, 0, 0], topK: 10_001 })).rejects.toBeInstanceOf(
      Errors.PineconeBadRequestError,
    )
    expect((await post('/query', { vector: [1, 0, 0], topK: 0 })).status).toBe(400)
    expect((await post('/query', { vector: [1, 0, 0], id: 'a', topK: 1 })).status).toBe(400)
    expect((await post('/query', { topK: 1 })).status).toBe(400)
    expect((await post('/query', { vector: [1, 0, 0], topK: 10_000 })).status).toBe(200)
  })

  it('The Pinecone stand-in refuses unknown fields, paths and methods, and bodies other than JSON', async () => {
    expect(
      await (await post('/query', { vector: [1, 0, 0], topK: 1, namspace: 'a' })).json(),
    ).toEqual({
      code: 3,
      message: 'namspace: Cannot find field in the request',
      details: [],
    })
    expect((await post('/vectors/explode', {})).status).toBe(404)
    expect((await post('/vectors/list', {})).status).toBe(405)
    const headers = { 'api-key': standIn.apiKey }
    expect(
      (await fetch(`${standIn.hostOf('courses')}/query`, { method: 'POST', headers, body: '{' }))
        .status,
    ).toBe(400)
  })

  it('The Pinecone stand-in refuses a wrong key, and another version of the API', async () => {
    const stranger = new Pinecone({ apiKey: 'wrong', controllerHostUrl: standIn.url })
    await expect(stranger.listIndexes()).rejects.toBeInstanceOf(Errors.PineconeAuthorizationError)
    expect((await post('/describe_index_stats', {}, { 'api-key': 'wrong' })).status).toBe(401)
    expect(
      (await post('/describe_index_stats', {}, { 'x-pinecone-api-version': '2024-07' })).status,
    ).toBe(400)
    expect((await post('/describe_index_stats', {})).status).toBe(200)
  })
})
