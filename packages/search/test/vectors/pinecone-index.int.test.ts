import { connect, orThrow } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { inMemoryVectorIndex, pineconeIndex } from '@headwater/search'
import { startPineconeStandIn } from '@headwater/testing'
import type { PineconeStandIn } from '@headwater/testing'
import { vectorIndexContract } from '@headwater/testing/contracts'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

const dimensions = 1536

let pinecone: PineconeStandIn
let stores: Stores
beforeAll(async () => {
  const { postgres, redis } = inject('stack')
  pinecone = await startPineconeStandIn({
    indexes: [
      { name: 'small', dimension: 8 },
      { name: 'large', dimension: dimensions },
    ],
  })
  stores = orThrow(
    await connect({
      postgres: { url: postgres.url },
      redis: { url: redis.url },
      pinecone: { apiKey: pinecone.apiKey, controllerHostUrl: pinecone.url, index: 'small' },
    }),
  )
})
afterAll(async () => {
  orThrow(await stores.close())
  await pinecone.stop()
})

let namespaces = 0
vectorIndexContract('Pinecone', async () => {
  namespaces += 1
  return {
    index: pineconeIndex(stores, { namespace: `contract-${namespaces}`, dimensions: 8 }),
    dispose: async () => undefined,
  }
})

vectorIndexContract('memory', async () => ({
  index: inMemoryVectorIndex({ dimensions: 8 }),
  dispose: async () => undefined,
}))

describe('an index in Pinecone', () => {
  let large: Stores
  beforeAll(async () => {
    const { postgres, redis } = inject('stack')
    large = orThrow(
      await connect({
        postgres: { url: postgres.url },
        redis: { url: redis.url },
        pinecone: {
          apiKey: pinecone.apiKey,
          controllerHostUrl: pinecone.url,
          index: 'large',
          deadlineMs: 60_000,
        },
      }),
    )
  })
  afterAll(async () => {
    orThrow(await large.close())
  })

  const vector = Array.from({ length: dimensions }, (_, place) => Math.sin(place + 1))
  const records = Array.from({ length: 250 }, (_, number) => ({
    id: `course_${number}`,
    values: vector,
    metadata: { number },
  }))

  it('The Pinecone index stores batches of at most two megabytes and fetches a hundred ids at a time', async () => {
    const index = pineconeIndex(large, { namespace: 'batches', dimensions })
    const fewest = Math.ceil(Buffer.byteLength(JSON.stringify(records)) / 2_000_000)
    const upserts = pinecone.requestCount('/vectors/upsert')
    orThrow(await index.upsert(records))
    expect(pinecone.requestCount('/vectors/upsert') - upserts).toBeGreaterThanOrEqual(fewest)
    expect(pinecone.requestCount('/vectors/upsert') - upserts).toBeLessThanOrEqual(fewest + 1)
    expect(fewest).toBeGreaterThan(1)
    const fetches = pinecone.requestCount('/vectors/fetch')
    expect(orThrow(await index.fetch(records.map(({ id }) => id))).size).toBe(250)
    expect(pinecone.requestCount('/vectors/fetch') - fetches).toBe(3)
  })

  it('The Pinecone index retries a transient refusal within the deadline', async () => {
    const index = pineconeIndex(stores, { namespace: 'retries', dimensions: 8 })
    pinecone.faults.failNext({ status: 503, route: '/upsert' })
    pinecone.faults.failNext({ status: 429, retryAfterSeconds: 0, route: '/upsert' })
    orThrow(await index.upsert([{ id: 'a', values: [1, 0, 0, 0, 0, 0, 0, 0], metadata: {} }]))
    expect(orThrow(await index.stats()).recordCount).toBe(1)
  })

  it('waits as long as a Retry-After says, and no longer', async () => {
    const index = pineconeIndex(stores, { namespace: 'patience', dimensions: 8 })
    pinecone.faults.failNext({ status: 429, retryAfterSeconds: 1, route: '/upsert' })
    const startedMs = performance.now()
    orThrow(
      await index.upsert([{ id: 'a', values: [1, 0, 0, 0, 0, 0, 0, 0], metadata: {} }], {
        deadlineMs: 30_000,
      }),
    )
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(990)
    expect(performance.now() - startedMs).toBeLessThan(20_000)
  })

  it('A hung Pinecone is deadline-exceeded in time, however many requests a call takes', async () => {
    const index = pineconeIndex(large, { namespace: 'hung', dimensions })
    pinecone.faults.hang({ route: '/upsert' })
    const startedMs = performance.now()
    const stored = await index.upsert(records, { deadlineMs: 300 })
    pinecone.faults.restore()
    expect(stored.isErr() && stored.error.type).toBe('deadline-exceeded')
    expect(performance.now() - startedMs).toBeLessThan(20_000)
  })

  it('A Pinecone index needs stores that were connected with Pinecone', () => {
    expect(() => pineconeIndex({ ...stores, pinecone: undefined }, { namespace: 'x' })).toThrow(
      TypeError,
    )
  })
})
