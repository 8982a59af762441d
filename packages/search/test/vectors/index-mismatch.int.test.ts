import { connect, orThrow, type Stores } from '@headwater/core'
import { pineconeIndex, type VectorIndex } from '@headwater/search'
import { startPineconeStandIn, type PineconeStandIn } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest'

let pinecone: PineconeStandIn
const opened: Stores[] = []
beforeAll(async () => {
  pinecone = await startPineconeStandIn({
    indexes: [
      { name: 'fitting', dimension: 8 },
      { name: 'short', dimension: 4 },
      { name: 'euclidean', dimension: 8, metric: 'euclidean' },
      { name: 'replaced', dimension: 8 },
    ],
  })
})
beforeEach(() => pinecone.faults.restore())
afterAll(async () => {
  for (const stores of opened) orThrow(await stores.close())
  await pinecone.stop()
})

async function open(index: string): Promise<{ index: VectorIndex; stores: Stores }> {
  const { postgres, redis } = inject('stack')
  const stores = orThrow(
    await connect({
      postgres: { url: postgres.url },
      redis: { url: redis.url },
      pinecone: { apiKey: pinecone.apiKey, controllerHostUrl: pinecone.url, index },
    }),
  )
  opened.push(stores)
  return { index: pineconeIndex(stores, { namespace: 'courses', dimensions: 8 }), stores }
}

const vector = [1, 0, 0, 0, 0, 0, 0, 0]
const record = { id: 'a', values: vector, metadata: {} }

const others = [
  ['short', { property: 'dimensions', expected: 8, received: 4 }],
  ['euclidean', { property: 'metric', expected: 'cosine', received: 'euclidean' }],
] as const

it.each(others)(
  'An index that is made for other vectors (%s) is refused by name, and stores nothing',
  async (name, difference) => {
    const { index } = await open(name)
    for (const refused of [await index.upsert([record]), await index.query({ vector, topK: 1 })]) {
      const failure = refused.isErr() ? refused.error : undefined
      expect(failure).toMatchObject({ type: 'index-mismatch', index: name, ...difference })
      for (const said of [name, difference.expected, difference.received])
        expect(failure?.message).toContain(String(said))
    }
    expect(orThrow(await index.stats()).recordCount).toBe(0)
  },
)

it('An index that is replaced under a running process is refused at its first refusal', async () => {
  const { index, stores } = await open('replaced')
  orThrow(await index.upsert([record]))
  const client = stores.pinecone?.client
  const create = (dimension: number) =>
    client?.createIndex({
      name: 'replaced',
      dimension,
      metric: 'cosine',
      spec: { serverless: { cloud: 'aws', region: 'us-east-1' } },
    })
  await client?.deleteIndex('replaced')
  await create(4)
  const refused = await index.upsert([record])
  expect(refused.isErr() && refused.error).toMatchObject({
    type: 'index-mismatch',
    expected: 8,
    received: 4,
  })
  await client?.deleteIndex('replaced')
  await create(8)
  orThrow(await index.upsert([record]))
})

it('An index that fits is looked at once, by calls that come together too', async () => {
  const { index } = await open('fitting')
  const looks = () => pinecone.requestCount('/data/fitting/describe_index_stats')
  const before = looks()
  const stored = await Promise.all([index.upsert([record]), index.query({ vector, topK: 1 })])
  expect(stored.map((result) => result.isOk())).toEqual([true, true])
  orThrow(await index.query({ vector, topK: 1 }))
  expect(looks() - before).toBe(1)
})

it('An index that may not be described is used all the same', async () => {
  const { index } = await open('fitting')
  pinecone.faults.failNext({ status: 403, times: 2, route: '/describe_index_stats' })
  orThrow(await index.upsert([record]))
  expect(orThrow(await index.query({ vector, topK: 1 }))).toMatchObject([{ id: 'a' }])
})
