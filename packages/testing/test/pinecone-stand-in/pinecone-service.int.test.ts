import { Errors, Pinecone } from '@pinecone-database/pinecone'
import type { Index } from '@pinecone-database/pinecone'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../src/eventually.ts'
import { faultProxy } from '../../src/proxy/fault-proxy.ts'
import { startPineconeStandIn } from '../../src/pinecone-stand-in/pinecone-stand-in.ts'
import type { PineconeStandIn } from '../../src/pinecone-stand-in/pinecone-stand-in.ts'

const record = { id: 'a', values: [1, 0, 0] }
let standIn: PineconeStandIn
let client: Pinecone
let index: Index

beforeAll(async () => {
  standIn = await startPineconeStandIn()
  client = new Pinecone({ apiKey: standIn.apiKey, controllerHostUrl: standIn.url, maxRetries: 0 })
  await client.createIndex({
    name: 'small',
    dimension: 3,
    metric: 'cosine',
    spec: { serverless: { cloud: 'aws', region: 'us-east-1' } },
  })
  index = client.index({ name: 'small' })
})
afterEach(async () => {
  standIn.faults.restore()
  standIn.delayConsistency(0)
  standIn.settle()
  await index.deleteAll()
})
afterAll(() => standIn.stop())

describe('the control plane', () => {
  it('The Pinecone stand-in has the index of the course search from the start', async () => {
    const model = await client.describeIndex('course-search')
    expect(model).toMatchObject({
      name: 'course-search',
      host: standIn.hostOf('course-search'),
      status: { ready: true, state: 'Ready' },
    })
    expect([model.dimension, model.metric, model.vectorType]).toEqual([1536, 'cosine', 'dense'])
    expect((await client.index({ name: 'course-search' }).describeIndexStats()).dimension).toBe(
      1536,
    )
  })

  it('The Pinecone stand-in creates, lists, protects and deletes indexes', async () => {
    await client.indexes.create({
      name: 'made-here',
      deployment: { deploymentType: 'managed', cloud: 'gcp', region: 'europe-west4' },
      schema: { fields: { _values: { type: 'dense_vector', dimension: 2, metric: 'dotproduct' } } },
    })
    expect((await client.listIndexes()).indexes?.map(({ name }) => name)).toContain('made-here')
    const host = (await client.describeIndex('made-here')).host
    await client.index({ host }).upsert({ records: [{ id: 'a', values: [1, 2] }] })
    await client.indexes.configure('made-here', { deletionProtection: 'enabled' })
    await expect(client.deleteIndex('made-here')).rejects.toThrow('Deletion protection')
    await client.indexes.configure('made-here', { deletionProtection: 'disabled' })
    await client.deleteIndex('made-here')
    await expect(client.describeIndex('made-here')).rejects.toBeInstanceOf(
      Errors.PineconeNotFoundError,
    )
    await expect(client.index({ host }).describeIndexStats()).rejects.toBeInstanceOf(
      Errors.PineconeNotFoundError,
    )
  })

  it('The Pinecone stand-in has a new index ready at once', async () => {
    const spec = { serverless: { cloud: 'aws' as const, region: 'us-east-1' } }
    const model = await client.createIndex({
      name: 'awaited',
      dimension: 4,
      metric: 'euclidean',
      spec,
      waitUntilReady: true,
    })
    expect(model?.status.ready).toBe(true)
    await client.deleteIndex('awaited')
  })

  it('The Pinecone stand-in refuses duplicate and bad names, bad dimensions and unknown indexes', async () => {
    const spec = { serverless: { cloud: 'aws' as const, region: 'us-east-1' } }
    const create = (name: string, dimension: number) =>
      client.createIndex({ name, dimension, metric: 'cosine', spec })
    await expect(create('small', 3)).rejects.toBeInstanceOf(Errors.PineconeConflictError)
    await expect(create('Not_A_Name', 3)).rejects.toBeInstanceOf(Errors.PineconeBadRequestError)
    const headers = { 'api-key': standIn.apiKey, 'content-type': 'application/json' }
    const schema = {
      fields: { _values: { type: 'dense_vector', dimension: 20_001, metric: 'cosine' } },
    }
    const answer = await fetch(`${standIn.url}/indexes`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ name: 'too-wide', schema }),
    })
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { status: 400, error: { code: 'INVALID_ARGUMENT' } },
    ])
    await expect(client.index({ name: 'absent' }).describeIndexStats()).rejects.toBeInstanceOf(
      Errors.PineconeNotFoundError,
    )
  })
})

describe('behind a proxy', () => {
  it('The Pinecone stand-in serves the data plane through the same proxy as the control plane', async () => {
    const proxy = await faultProxy(standIn.url)
    const proxied = new Pinecone({
      apiKey: standIn.apiKey,
      controllerHostUrl: proxy.url,
      maxRetries: 0,
    })
    // An index of its own: the client remembers, for the whole process, the host that this name was
    // last described with.
    const spec = { serverless: { cloud: 'aws' as const, region: 'us-east-1' } }
    await proxied.createIndex({ name: 'proxied', dimension: 3, metric: 'cosine', spec })
    const { host } = await proxied.describeIndex('proxied')
    expect(new URL(host).port).toBe(String(proxy.port))
    expect((await proxied.index({ host }).describeIndexStats()).dimension).toBe(3)
    proxy.cut()
    await expect(proxied.index({ host }).describeIndexStats()).rejects.toBeInstanceOf(
      Errors.PineconeConnectionError,
    )
    await proxy.close()
    await client.deleteIndex('proxied')
  })
})

describe('namespaces', () => {
  it('The Pinecone stand-in creates, lists, describes and deletes namespaces', async () => {
    await index.namespace('first').upsert({ records: [record] })
    await index.createNamespace({ name: 'second' })
    const { namespaces } = await index.listNamespaces()
    expect(namespaces?.map(({ name, recordCount }) => [name, recordCount])).toEqual([
      ['first', '1'],
      ['second', '0'],
    ])
    expect(await index.describeNamespace('first')).toMatchObject({
      name: 'first',
      recordCount: '1',
    })
    await index.deleteNamespace('first')
    await index.deleteNamespace('second')
    await expect(index.describeNamespace('first')).rejects.toBeInstanceOf(
      Errors.PineconeNotFoundError,
    )
    await expect(index.deleteNamespace('first')).rejects.toBeInstanceOf(
      Errors.PineconeNotFoundError,
    )
    expect((await index.namespace('first').fetch({ ids: ['a'] })).records).toEqual({})
  })
})

describe('eventual consistency', () => {
  const ids = async (): Promise<string[]> =>
    Object.keys((await index.fetch({ ids: ['a', 'b'] })).records)

  it('The Pinecone stand-in shows a write only after the delay', async () => {
    standIn.delayConsistency(10_000)
    const start = performance.now()
    await index.upsert({ records: [record] })
    expect(await ids()).toEqual([])
    await eventually(async () => (await ids()).length === 1, { timeoutMs: 60_000 })
    expect(performance.now() - start).toBeGreaterThanOrEqual(10_000)
  })

  it('The Pinecone stand-in shows writes in order, and all of them once settled', async () => {
    standIn.delayConsistency(3_600_000)
    await index.upsert({ records: [record, { ...record, id: 'b' }] })
    standIn.delayConsistency(0)
    await index.deleteMany({ ids: ['b'] })
    expect(await ids()).toEqual([])
    standIn.settle()
    expect(await ids()).toEqual(['a'])
  })

  it('The Pinecone stand-in reports the last visible write with every answer', async () => {
    standIn.delayConsistency(3_600_000)
    const headers = { 'api-key': standIn.apiKey, 'content-type': 'application/json' }
    const host = standIn.hostOf('small')
    const call = (path: string, body: unknown) =>
      fetch(`${host}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    const written = Number(
      (await call('/vectors/upsert', { vectors: [record] })).headers.get('x-pinecone-request-lsn'),
    )
    const seen = async (): Promise<number> => {
      const answer = await call('/query', { vector: [1, 0, 0], topK: 1 })
      return Number(answer.headers.get('x-pinecone-max-indexed-lsn'))
    }
    expect(await seen()).toBe(written - 1)
    standIn.settle()
    expect(await seen()).toBe(written)
  })
})

describe('faults', () => {
  it('The Pinecone stand-in fails the next requests of one route only', async () => {
    standIn.faults.failNext({ status: 429, retryAfterSeconds: 3, route: '/query' })
    await index.upsert({ records: [record] })
    await expect(index.query({ vector: [1, 0, 0], topK: 1 })).rejects.toBeInstanceOf(
      Errors.PineconeUnmappedHttpError,
    )
    expect((await index.query({ vector: [1, 0, 0], topK: 1 })).matches).toHaveLength(1)
  })

  it('The Pinecone stand-in lets the official client survive a short outage by its own retries', async () => {
    const patient = new Pinecone({
      apiKey: standIn.apiKey,
      controllerHostUrl: standIn.url,
      maxRetries: 2,
    })
    const before = standIn.requestCount('/describe_index_stats')
    standIn.faults.failNext({ status: 503, times: 2, route: '/describe_index_stats' })
    await patient.index({ host: standIn.hostOf('small') }).describeIndexStats()
    expect(standIn.requestCount('/describe_index_stats') - before).toBe(3)
  })

  it('The Pinecone stand-in can perform a write and lose its answer', async () => {
    standIn.faults.loseNextReply({ route: '/vectors/upsert' })
    await expect(index.upsert({ records: [record] })).rejects.toBeInstanceOf(
      Errors.PineconeConnectionError,
    )
    expect(Object.keys((await index.fetch({ ids: ['a'] })).records)).toEqual(['a'])
  })

  it('The Pinecone stand-in does not perform a request that was withdrawn during a hang', async () => {
    standIn.faults.hang()
    const withdrawal = new AbortController()
    const hasty = new Pinecone({
      apiKey: standIn.apiKey,
      maxRetries: 0,
      fetchApi: (url, init) => fetch(url, { ...init, signal: withdrawal.signal }),
    })
    const withdrawn = hasty.index({ host: standIn.hostOf('small') }).upsert({ records: [record] })
    const refused = expect(withdrawn).rejects.toBeInstanceOf(Errors.PineconeConnectionError)
    await eventually(() => standIn.faults.hungCount === 1)
    withdrawal.abort()
    await refused
    await eventually(() => standIn.faults.hungCount === 0)
    standIn.faults.restore()
    expect((await index.fetch({ ids: ['a'] })).records).toEqual({})
  })

  it('The Pinecone stand-in performs the waiting requests when a hang ends', async () => {
    standIn.faults.hang({ route: '/vectors/upsert' })
    const patient = index.upsert({ records: [record] })
    await eventually(() => standIn.faults.hungCount === 1)
    expect((await index.fetch({ ids: ['a'] })).records).toEqual({})
    standIn.faults.restore()
    await patient
    expect(Object.keys((await index.fetch({ ids: ['a'] })).records)).toEqual(['a'])
  })

  it('The Pinecone stand-in cuts every connection until it is restored', async () => {
    standIn.faults.cut()
    await expect(index.fetch({ ids: ['a'] })).rejects.toBeInstanceOf(Errors.PineconeConnectionError)
    standIn.faults.restore()
    expect((await index.fetch({ ids: ['a'] })).records).toEqual({})
  })

  it('The Pinecone stand-in searches 3,000 vectors of 1,536 dimensions exactly', async () => {
    const courses = client.index({ name: 'course-search', namespace: 'many' })
    const roundedSine = (angle: number): number => Math.round(1000 * Math.sin(angle)) / 1000
    const vectorOf = (seed: number): number[] =>
      Array.from({ length: 1536 }, (_, place) => roundedSine(seed * 7919 + place * seed))
    const recordOf = (seed: number) => ({ id: `course_${seed}`, values: vectorOf(seed) })
    for (let first = 1; first <= 3000; first += 150) {
      await courses.upsert({
        records: Array.from({ length: 150 }, (_, offset) => recordOf(first + offset)),
      })
    }
    const {
      matches: [best],
    } = await courses.query({ vector: vectorOf(1234), topK: 10 })
    expect(best).toMatchObject({ id: 'course_1234', score: expect.closeTo(1, 5) as number })
  })
})
