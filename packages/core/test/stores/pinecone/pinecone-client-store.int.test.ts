import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { connect, orThrow, type Stores } from '@headwater/core'
import { isolate, type IsolatedStores } from '@headwater/testing'

let own: IsolatedStores<'postgres' | 'redis' | 'pinecone'>
const opened: Stores[] = []
const servers: Server[] = []

beforeAll(async () => {
  own = await isolate(inject('stack'))
})
afterAll(() => own.dispose())
afterEach(async () => {
  await Promise.all(opened.splice(0).map((stores) => stores.close()))
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

async function open(host?: string) {
  const { url: controllerHostUrl, apiKey, index } = own.pinecone
  const pinecone = { controllerHostUrl, apiKey, index, ...(host === undefined ? {} : { host }) }
  const stores = orThrow(
    await connect({ postgres: { url: own.postgres.url }, redis: { url: own.redis.url }, pinecone }),
  )
  opened.push(stores)
  if (stores.pinecone === undefined) throw new Error('no pinecone')
  return stores.pinecone
}

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const vector = Array.from({ length: 1_536 }, (_, n) => (n === 0 ? 1 : 0))

describe('Pinecone', () => {
  test('Pinecone operations run on the index through the official client', async () => {
    const pinecone = await open()
    const { namespace } = own.pinecone
    orThrow(
      await pinecone.run('upsert', (index) =>
        index.upsert({ records: [{ id: 'a', values: vector }], namespace }),
      ),
    )
    const answer = await pinecone.run(
      'query',
      (index) => index.namespace(namespace).query({ vector, topK: 1 }),
      { isIdempotent: true },
    )
    expect(orThrow(answer).matches).toMatchObject([{ id: 'a' }])
  })

  test('A Pinecone deletion that names nothing is refused, though the bare client would send it', async () => {
    let requests = 0
    const host = await serve((_, response) => {
      requests += 1
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
    const pinecone = await open(host)
    await pinecone.client.index({ host }).deleteMany(['a'] as never)
    expect(requests).toBe(1)
    for (const options of [['a'], {}, { ids: [] }, { filter: {} }]) {
      const direct = await pinecone.run('delete', (index) => index.deleteMany(options as never))
      const inNamespace = await pinecone.run('delete', (index) =>
        index.namespace('x').deleteMany(options as never),
      )
      expect([direct, inNamespace].map((result) => result._unsafeUnwrapErr().type)).toEqual([
        'store-refused',
        'store-refused',
      ])
    }
    expect(requests).toBe(1)
    orThrow(await pinecone.run('delete', (index) => index.deleteMany({ ids: ['a'] })))
    expect(requests).toBe(2)
  })

  const refusals = [
    [400, 'store-refused', false],
    [401, 'store-refused', false],
    [404, 'store-refused', false],
    [409, 'store-refused', false],
    [408, 'store-unavailable', true],
    [429, 'store-unavailable', true],
    [500, 'store-unavailable', true],
    [503, 'store-unavailable', true],
  ] as const
  test.each(refusals)(
    'An HTTP %i from Pinecone becomes %s, though the client hides the status',
    async (status, type, retryable) => {
      const pinecone = await open(
        await serve((_, response) => {
          response
            .writeHead(status, { 'content-type': 'application/json' })
            .end('{"code":1,"message":"words"}')
        }),
      )
      expect(
        (
          await pinecone.run('query', (index) => index.query({ vector, topK: 1 }))
        )._unsafeUnwrapErr(),
      ).toMatchObject({
        type,
        retryable,
        message: expect.stringContaining(`HTTP ${status}`) as string,
      })
    },
  )

  test('A Pinecone call waits as long as Retry-After says before it tries again', async () => {
    const times: number[] = []
    const pinecone = await open(
      await serve((_, response) => {
        times.push(performance.now())
        if (times.length === 1) response.writeHead(429, { 'retry-after': '0.3' }).end('{}')
        else
          response
            .writeHead(200, { 'content-type': 'application/json' })
            .end('{"matches":[],"namespace":""}')
      }),
    )
    orThrow(
      await pinecone.run('query', (index) => index.query({ vector, topK: 1 }), {
        isIdempotent: true,
        deadlineMs: 60_000,
      }),
    )
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(290)
  })

  test('A Pinecone call closes its HTTP request at the deadline', async () => {
    let isClosed = false
    const pinecone = await open(
      await serve((request) => {
        request.once('close', () => {
          isClosed = true
        })
      }),
    )
    expect(
      (
        await pinecone.run('query', (index) => index.query({ vector, topK: 1 }), {
          deadlineMs: 2_000,
        })
      )._unsafeUnwrapErr().type,
    ).toBe('deadline-exceeded')
    await expect.poll(() => isClosed, { timeout: 60_000 }).toBe(true)
  })

  test('A Pinecone call to a port with no listener fails as unavailable, not as refused', async () => {
    const pinecone = await open('http://127.0.0.1:1')
    expect(
      (await pinecone.run('query', (index) => index.query({ vector, topK: 1 })))._unsafeUnwrapErr(),
    ).toMatchObject({ type: 'store-unavailable', retryable: true })
  })
})
