import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { orThrow } from '@headwater/core'
import { openaiEmbedder } from '@headwater/search'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Entry {
  readonly index: number
  readonly embedding: unknown
}

const base64 = (...numbers: number[]): string =>
  Buffer.from(new Float32Array(numbers).buffer).toString('base64')

describe('a service that speaks OpenAI’s embeddings in its own way', () => {
  let server: Server
  let body = ''
  let asked: unknown
  beforeAll(async () => {
    server = createServer((request, response) => {
      void (async () => {
        const chunks: Buffer[] = []
        for await (const chunk of request) chunks.push(chunk as Buffer)
        asked = JSON.parse(Buffer.concat(chunks).toString())
        response.setHeader('content-type', 'application/json').end(body)
      })()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterAll(() => {
    server.close()
  })

  const embed = async (data: readonly Entry[] | string, texts: readonly string[] = ['a', 'b']) => {
    body = typeof data === 'string' ? data : JSON.stringify({ object: 'list', data, usage: {} })
    const { port } = server.address() as AddressInfo
    const encodingFormat =
      typeof data === 'object' && typeof data[0]?.embedding === 'object' ? 'float' : 'base64'
    return openaiEmbedder({
      apiKey: 'none',
      baseURL: `http://127.0.0.1:${port}/v1`,
      model: 'local-model',
      dimensions: 2,
      deadlineMs: 10_000,
      encodingFormat,
    }).embed(texts)
  }

  it('A compatible service is asked for its model and for the dimensions that are given', async () => {
    orThrow(
      await embed([
        { index: 0, embedding: [1, 0] },
        { index: 1, embedding: [0, 1] },
      ]),
    )
    expect(asked).toMatchObject({ model: 'local-model', dimensions: 2, input: ['a', 'b'] })
  })

  it('A compatible service may answer in any order, in lists or base64, with any norm but zero', async () => {
    expect(
      orThrow(
        await embed([
          { index: 1, embedding: [0, 4] },
          { index: 0, embedding: [3, 0] },
        ]),
      ),
    ).toEqual([
      [1, 0],
      [0, 1],
    ])
    expect(
      orThrow(
        await embed([
          { index: 1, embedding: base64(0, 4) },
          { index: 0, embedding: base64(3, 0) },
        ]),
      ),
    ).toEqual([
      [1, 0],
      [0, 1],
    ])
  })

  const badAnswers: readonly (readonly [string, readonly Entry[] | string])[] = [
    ['no vectors', []],
    ['too many vectors', [0, 1, 2].map((index) => ({ index, embedding: [1, 0] }))],
    [
      'a vector without direction',
      [
        { index: 0, embedding: [1, 0] },
        { index: 1, embedding: [0, 0] },
      ],
    ],
    [
      'a vector with NaN',
      [
        { index: 0, embedding: base64(1, 0) },
        { index: 1, embedding: base64(Number.NaN, 1) },
      ],
    ],
    [
      'a vector with an infinity',
      [
        { index: 0, embedding: base64(1, 0) },
        { index: 1, embedding: base64(Infinity, 1) },
      ],
    ],
    [
      'a vector with null',
      [
        { index: 0, embedding: [1, 0] },
        { index: 1, embedding: [null, 1] },
      ],
    ],
    [
      'a vector that is none',
      [
        { index: 0, embedding: [1, 0] },
        { index: 1, embedding: null },
      ],
    ],
    [
      'the same text twice',
      [
        { index: 0, embedding: [1, 0] },
        { index: 0, embedding: [0, 1] },
      ],
    ],
    ['no data', '{}'],
    ['no JSON', '<html>Welcome</html>'],
  ]
  it.each(badAnswers)(
    'A compatible service that answers with %s yields no vectors at all',
    async (_, data) => {
      const embedded = await embed(data)
      expect(embedded.isErr() && embedded.error).toMatchObject({
        type: expect.stringMatching(
          /^(store-refused|store-unavailable|dimension-mismatch)$/,
        ) as string,
      })
    },
  )
})
